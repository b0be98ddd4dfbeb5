"""Records of sites."""

from collectors.records.schema import Kind, day, named, person, text, whole

KINDS = (
    Kind(
        "site_review",
        "site_reviews.toml",
        "Inspections of sites: one table for each control that was looked at.",
        (
            named("site", "which"),
            named("control", "for which control, such as A.7.1"),
            day("date", "when", required=True),
            text("result", "what was seen"),
            person("reviewer", "who looked"),
        ),
        key=("site", "control", "date"),
    ),
    Kind(
        "badge_review",
        "badge_reviews.toml",
        "Reviews of who may enter.",
        (
            named("site", "which"),
            day("reviewed_on", "when", required=True),
            whole("removed", "how many rights were removed"),
            person("reviewer", "who looked"),
        ),
        key=("site", "reviewed_on"),
    ),
    Kind(
        "desk_walk",
        "desk_walks.toml",
        "Clear-desk inspections.",
        (
            named("site", "which"),
            day("date", "when", required=True),
            text("findings", "what was found"),
            person("reviewer", "who walked"),
        ),
        key=("site", "date"),
    ),
    Kind(
        "alarm_test",
        "alarm_tests.toml",
        "Tests of cameras and alarms.",
        (
            named("site", "which"),
            day("date", "when", required=True),
            text("result", "how it went"),
            person("tester", "who tested"),
        ),
        key=("site", "date"),
    ),
)
