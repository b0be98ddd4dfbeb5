"""Ask of the records of an information security management system."""
