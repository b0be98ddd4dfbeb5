"""Every source of Google Cloud together: one pass for each kind of content, the permissions of the role, no secret kept."""

import json
import re
from typing import Any

import pytest
import ruamel.yaml

from collectors.gcp import PROVIDER
from collectors.gcp.permissions import permission_of
from collectors.source import sources
from evidence_store.records import Unread
from pipeline.plan import Sources
from tests.collectors.gcp.assets import BUCKET, INSTANCE, PROJECT, machine, told
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.gathering import gather

CONTENT = ("RESOURCE", "IAM_POLICY", "ORG_POLICY", "OS_INVENTORY")
RESOURCES = [source for source in sources("gcp") if source.bulk and source.bulk.name.endswith("RESOURCE")]
TYPES = {kind for source in RESOURCES for kind in source.takes}


def filled(gcp: Cloud, projects: int, page: int = 1000) -> None:
    """Some projects, each with a machine and a bucket that has a policy."""
    gcp.page = page
    for number in range(projects):
        name = f"team-{number}"
        gcp.estate.project(name, f"5{number:011}")
        gcp.add(INSTANCE, "vm", machine("vm"), name, os_inventory={"osInfo": {"shortName": "debian"}})
        gcp.add(BUCKET, name, {"name": name}, name, iam={"bindings": [{"role": "r", "members": ["allUsers"]}]})


@pytest.mark.parametrize("projects", [0, 1, 30])
def test_one_pass_for_each_kind_of_content_whatever_the_number_of_projects_and_types(gcp: Cloud, projects: int) -> None:
    filled(gcp, projects)
    found = gather(gcp.connect())
    assert len(found.accounts) == projects + 3
    assert found.incomplete == set()
    assert sorted(gcp.calls) == sorted(["cloudasset.ListAssets RESOURCE", *(f"cloudasset.ListAssets {c}" for c in CONTENT)])


def test_projects_are_listed_once_and_serve_as_resources_too(gcp: Cloud) -> None:
    gcp.page = 1000
    found = gather(gcp.connect(), PROJECT)
    assert len(found.facts("gcp.project")) == 2
    assert [asked.asset_types for asked in gcp.asked] == [(PROJECT,)]


def test_a_single_source_asks_for_its_own_type_and_nothing_else(gcp: Cloud) -> None:
    gcp.page = 1000
    gather(gcp.connect(), BUCKET)
    assert [asked.asset_types for asked in gcp.asked] == [(PROJECT,), (BUCKET,)]
    assert set(gcp.calls) == {"cloudasset.ListAssets RESOURCE"}


def test_nothing_is_asked_twice(gcp: Cloud) -> None:
    filled(gcp, 3, page=2)
    gather(gcp.connect())
    questions = [(asked.call, asked.asset_types, asked.token) for asked in gcp.asked]
    assert len(questions) == len(set(questions))


def test_a_target_in_order_is_told_to_be_whole_in_every_place(gcp: Cloud) -> None:
    found = gather(gcp.connect())
    assert {str(s.presence) for s in found.collection.snapshots} == {"complete"}
    assert len(found.collection.snapshots) == len(sources("gcp")) * len(found.accounts)


def test_every_type_has_one_listing_and_every_fact_one_facet() -> None:
    known = Sources(sources("gcp"))
    for source in known.all:
        for facet in source.yields:
            assert known.listing(facet.type).facet.lists


# The role.


def role() -> Any:
    return ruamel.yaml.YAML(typ="safe").load(PROVIDER.policy(sources("gcp")))


def test_the_role_names_the_permissions_of_what_is_called_and_no_other(gcp: Cloud) -> None:
    filled(gcp, 1)
    gather(gcp.connect())
    assert set(role()["includedPermissions"]) == {permission_of(call) for call in gcp.calls}


def test_the_role_can_be_made_as_it_is_printed() -> None:
    assert set(role()) == {"title", "description", "stage", "includedPermissions"}
    assert all(re.fullmatch(r"cloudasset\.assets\.list[A-Za-z]+", p) for p in role()["includedPermissions"])
    assert PROVIDER.policy(sources("gcp")) == PROVIDER.policy(reversed(sources("gcp")))


def test_the_role_for_some_sources_asks_for_no_more_than_they_need() -> None:
    some = [s for s in sources("gcp") if s.takes == (BUCKET,)]
    text = PROVIDER.policy(some)
    assert ruamel.yaml.YAML(typ="safe").load(text)["includedPermissions"] == ["cloudasset.assets.listResource"]
    assert "osconfig" not in text


# Secrets.

SECRETS = {
    "script": "#!/bin/sh\necho correct horse battery staple",
    "key": "ada:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ada@example.org",
    "variable": "correct-horse-variable",
    "plain": "not-even-shaped-like-one",
    "node": "correct-horse-node",
    "api": "AIza" + "x" * 35,
    "password": "correct-horse-master",
}


def test_no_secret_of_an_asset_is_kept_in_any_facet(gcp: Cloud) -> None:
    metadata = told(startup_script=SECRETS["script"], ssh_keys=SECRETS["key"], anything=SECRETS["plain"], enable_oslogin="TRUE")
    gcp.add(INSTANCE, "vm", machine("vm", metadata=metadata, disks=[{"diskEncryptionKey": {"rawKey": SECRETS["plain"]}}]))
    gcp.add("compute.googleapis.com/Project", "shop", {"name": "shop", "commonInstanceMetadata": metadata})
    env = [{"name": "GREETING", "value": SECRETS["variable"]}]
    first = {"metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{"image": "i", "env": env}]}}}}
    gcp.add("run.googleapis.com/Service", "web", first)
    gcp.add("run.googleapis.com/Service", "api", {"name": "api", "template": {"containers": [{"image": "i", "env": env}]}})
    pool = {"name": "default", "config": {"metadata": {"startup": SECRETS["node"]}, "machineType": "e2-medium"}}
    cluster = {"name": "main", "nodePools": [pool], "masterAuth": {"username": "admin", "password": SECRETS["password"]}}
    gcp.add("container.googleapis.com/Cluster", "main", cluster)
    gcp.add("apikeys.googleapis.com/Key", "k", {"name": "k", "keyString": SECRETS["api"]})
    kept = [bag.facets for bag in gather(gcp.connect()).collection.kept]
    text = "\n".join(json.dumps(list(facets.values())) for facets in kept)
    assert [name for name, secret in SECRETS.items() if json.dumps(secret)[1:-1] in text] == []
    assert text.count('"$redacted"') >= 9


def test_no_source_keeps_what_it_was_not_asked_to_keep(gcp: Cloud) -> None:
    always = {
        "name": "x",
        "status": "RUNNING",
        "networkInterfaces": [],
        "network": "n",
        "databaseVersion": "POSTGRES_16",
        "email": "e@example.org",
        "destination": "d",
        "dnsName": "example.org.",
        "datasetReference": {"datasetId": "x"},
        "rules": [],
    }
    for kind in TYPES - {PROJECT}:
        gcp.add(kind, "x", {**always, "fingerprint": "hush", "etag": "hush", "selfLink": "hush", "unheardOf": "hush"})
    found = gather(gcp.connect())
    assert found.incomplete == set()
    assert {u.unread for s in found.collection.snapshots for u in s.unread} == set[Unread]()
    listed = {key[0] for bag in found.collection.kept for key in bag.facets}
    assert listed == {facet.type for source in RESOURCES for facet in source.yields}
    assert "hush" not in "".join(json.dumps(list(bag.facets.values())) for bag in found.collection.kept)


def test_looking_twice_at_the_same_gives_the_same_facts(gcp: Cloud) -> None:
    filled(gcp, 3)
    first = [bag.facets for bag in gather(gcp.connect()).collection.kept]
    gcp.estate.assets["RESOURCE"] = dict(reversed(gcp.estate.assets["RESOURCE"].items()))
    again = [bag.facets for bag in gather(gcp.connect()).collection.kept]
    assert {k: v for facets in first for k, v in facets.items()} == {k: v for facets in again for k, v in facets.items()}
