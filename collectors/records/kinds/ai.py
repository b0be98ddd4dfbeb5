"""Records of AI systems."""

from collectors.records.schema import Kind, approval, day, named, person, text, texts, whole

KINDS = (
    Kind(
        "ai_register",
        "ai_systems.toml",
        "AI systems that are built, run or used.",
        (
            named("system", "what it is called"),
            person("owner", "who answers for it"),
            text("purpose", "what it is for"),
            texts("data", "categories of data that it is given or was trained on"),
            text("supplier", "the id of the supplier; own where it is built here"),
            text("risk", "its level of risk", "critical", "high", "medium", "low"),
            texts("resources", "uids of the scanned resources that belong to it, or patterns with *"),
            day("reviewed_on", "when the entry was last reviewed"),
        ),
        effective=("reviewed_on",),
    ),
    Kind(
        "ai_impact",
        "ai_impacts.toml",
        "Impact assessments of AI systems.",
        (
            named("system", "the id of the AI system"),
            day("date", "when it was made", required=True),
            text("location", "where it is"),
            *approval("it"),
        ),
        key=("system", "date"),
        effective=("date",),
        latest_by=("system",),
        document=True,
    ),
    Kind(
        "ai_test",
        "ai_tests.toml",
        "Security tests of AI systems.",
        (
            named("system", "the id of the AI system"),
            day("date", "when", required=True),
            texts("scope", "the attacks that were tried"),
            whole("findings_open", "how many findings are open"),
            text("tester", "who tested"),
        ),
        key=("system", "date"),
    ),
    Kind(
        "model_release",
        "model_releases.toml",
        "Models that were approved for use.",
        (
            named("digest", "SHA-256 of the model"),
            text("system", "the id of the AI system"),
            person("approver", "who approved it"),
            day("date", "when"),
        ),
        key=("digest",),
    ),
    Kind(
        "model_scan",
        "model_scans.toml",
        "Scans of model files.",
        (
            named("digest", "SHA-256 of the file"),
            text("scanner", "with what"),
            text("result", "how it ended"),
            day("date", "when", required=True),
        ),
        key=("digest", "date"),
    ),
)
