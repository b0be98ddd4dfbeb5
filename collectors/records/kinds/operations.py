"""Records of operating and developing: changes, tests, reviews of logs, deletion."""

from collectors.records.schema import Kind, approval, day, duration, named, person, text, texts, whole

KINDS = (
    Kind(
        "change",
        "changes.toml",
        "Changes to systems.",
        (
            text("title", "what is changed"),
            text("type", "how it was handled", "standard", "normal", "emergency"),
            day("date", "when it was made"),
            *approval("it"),
        ),
    ),
    Kind(
        "capacity_plan",
        "capacity_plans.toml",
        "Capacity of what could run out.",
        (
            named("resource", "what"),
            text("trend", "where it is going"),
            person("owner", "who watches it"),
            day("reviewed_on", "when it was last looked at"),
        ),
        key=("resource",),
    ),
    Kind(
        "deletion_run",
        "deletion_runs.toml",
        "Runs that deleted what was past its period.",
        (
            named("type", "the type of record"),
            whole("count", "how many"),
            day("date", "when", required=True),
        ),
        key=("type", "date"),
    ),
    Kind(
        "log_review",
        "log_reviews.toml",
        "Reviews of logs and alarms.",
        (
            named("period", "which days"),
            person("reviewer", "who looked"),
            day("date", "when"),
            text("findings", "what was found"),
        ),
        key=("period",),
    ),
    Kind(
        "privileged_tool",
        "privileged_tools.toml",
        "Utility programs that can override controls, and are allowed.",
        (
            named("name", "which"),
            text("reason", "what for"),
            person("approved_by", "who allowed it"),
            day("reviewed_on", "when that was last confirmed"),
        ),
        key=("name",),
    ),
    Kind(
        "threat_review",
        "threat_reviews.toml",
        "Threat reports that were looked at.",
        (
            named("source", "which report"),
            day("date", "when", required=True),
            text("decision", "what was decided"),
            person("reviewer", "who looked"),
        ),
        key=("source", "date"),
    ),
    Kind(
        "project",
        "projects.toml",
        "Projects and their security.",
        (
            named("name", "which"),
            text("risk_note", "the risks that were seen, or where they are noted"),
            person("signed_off_by", "who signed the security off"),
            day("date", "when"),
        ),
        key=("name",),
    ),
    Kind(
        "design_review",
        "design_reviews.toml",
        "Reviews of designs against the principles.",
        (
            named("system", "the id of the asset"),
            day("date", "when", required=True),
            text("result", "how it ended"),
            person("reviewer", "who looked"),
        ),
        key=("system", "date"),
    ),
    Kind(
        "pentest",
        "pentests.toml",
        "Penetration tests.",
        (
            named("system", "the id of the asset"),
            day("date", "when", required=True),
            whole("findings_open", "how many findings are open"),
            text("tester", "who tested"),
        ),
        key=("system", "date"),
    ),
    Kind(
        "audit_test",
        "audit_tests.toml",
        "Tests on live systems, as agreed beforehand.",
        (
            named("system", "the id of the asset"),
            text("scope", "what may be done"),
            person("agreed_by", "who agreed"),
            day("agreed_on", "when"),
            text("window", "on which days and hours"),
        ),
    ),
    Kind(
        "test_data",
        "test_data.toml",
        "Live data used in tests.",
        (
            named("system", "the id of the asset"),
            person("approved_by", "who allowed it"),
            text("masking", "how it was made unrecognisable"),
            day("delete_by", "until when it is kept"),
            texts("data", "categories of data"),
        ),
    ),
    Kind(
        "maintenance",
        "maintenance.toml",
        "Service of equipment and utilities.",
        (
            named("asset", "which"),
            day("date", "when", required=True),
            day("next_due", "when it is due next"),
            duration("duration", "how long it was out of service"),
        ),
        key=("asset", "date"),
    ),
)
