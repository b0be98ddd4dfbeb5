"""ASK questions: pure functions of stored facts. The checks on `aws.s3.*` stand in `checks/aws/s3.py`."""
