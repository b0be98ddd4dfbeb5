"""From assets to facts: what each type keeps, in which words, and what an odd one costs."""

from typing import Any

import pytest

from evidence_store.records import Unread, Why
from tests.collectors.gcp.assets import BUCKET, INSTANCE, machine, told
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.gathering import gather

SERVICE = "run.googleapis.com/Service"
CLUSTER = "container.googleapis.com/Cluster"
FIREWALL = "compute.googleapis.com/Firewall"
LIST = "cloudasset.assets.listResource"


def kept(gcp: Cloud, asset_type: str, data: dict[str, Any], facet: str = "config", **more: Any) -> dict[str, Any]:
    """The facts that one asset becomes, without where it is."""
    uid = gcp.add(asset_type, "one", data, **more)
    found = gather(gcp.connect(), asset_type)
    (facts,) = (f for bag in found.collection.kept for (_, u, name), f in bag.facets.items() if (u, name) == (uid, facet))
    return {name: value for name, value in facts.items() if name not in ("ancestors", "location")}


def refused(gcp: Cloud, asset_type: str, data: dict[str, Any], facet: str = "config") -> Unread:
    """Why one asset is not understood, while another of its type is."""
    good = {"name": "good", "status": "RUNNING", "networkInterfaces": [], "network": "n", "datasetReference": {}}
    other = gcp.add(asset_type, "good", good)
    uid = gcp.add(asset_type, "one", data)
    found = gather(gcp.connect(), asset_type)
    assert found.presence(asset_type) == {"complete"}
    assert any(u == other for bag in found.collection.kept for _, u, _ in bag.facets)
    return found.unread(uid, facet)


# Values.


def test_the_time_that_stands_for_none_is_none(gcp: Cloud) -> None:
    network = {"value": "0.0.0.0/0", "expirationTime": "1970-01-01T00:00:00Z"}
    data = {"name": "one", "databaseVersion": "POSTGRES_16", "createTime": "1970-01-01T00:00:00.000Z"}
    facts = kept(gcp, "sqladmin.googleapis.com/Instance", data | {"settings": {"ipConfiguration": {"networks": [network]}}})
    assert facts["settings"]["ipConfiguration"]["networks"] == [{"value": "0.0.0.0/0", "expirationTime": None}]
    assert "createTime" not in facts


def test_numbers_are_whole_where_they_are_and_sixty_four_bits_stay_text(gcp: Cloud) -> None:
    facts = kept(gcp, FIREWALL, {"name": "f", "network": "n", "id": "9223372036854775807", "priority": 65534})
    assert (facts["id"], facts["priority"]) == ("9223372036854775807", 65534)
    assert type(facts["priority"]) is int


def test_a_number_that_comes_as_text_is_one_where_the_api_says_number(gcp: Cloud) -> None:
    assert kept(gcp, FIREWALL, {"name": "f", "network": "n", "priority": "1000"})["priority"] == 1000


def test_a_text_that_comes_as_a_number_is_one_where_the_api_says_text(gcp: Cloud) -> None:
    assert kept(gcp, "compute.googleapis.com/Disk", {"name": "d", "sizeGb": 100})["sizeGb"] == "100"


def test_fractions_and_nulls_are_kept_as_they_are(gcp: Cloud) -> None:
    subnet = {
        "name": "s",
        "network": "n",
        "purpose": None,
        "logConfig": {"enable": True, "flowSampling": 0.5, "filterExpr": None},
    }
    facts = kept(gcp, "compute.googleapis.com/Subnetwork", subnet)
    assert facts["logConfig"] == {"enable": True, "flowSampling": 0.5, "filterExpr": None}
    assert "purpose" not in facts


def test_every_resource_says_where_it_is_and_what_it_stands_under(gcp: Cloud) -> None:
    uid = gcp.add("compute.googleapis.com/Disk", "d", {"name": "d"}, location="europe-west1-b")
    facts = gather(gcp.connect(), "compute.googleapis.com/Disk").facts("gcp.compute.disk")[uid]
    assert facts["location"] == "europe-west1-b"
    assert facts["ancestors"] == ["projects/111111111111", "folders/222222222222", gcp.organization]


def test_a_buckets_own_word_for_its_place_goes_before_the_inventorys(gcp: Cloud) -> None:
    uid = gcp.add(BUCKET, "b", {"name": "b", "location": "EUR4"}, location="eur4")
    assert gather(gcp.connect(), BUCKET).facts("gcp.storage.bucket")[uid]["location"] == "EUR4"


@pytest.mark.parametrize(
    ("asset_type", "data", "why"),
    [
        (INSTANCE, {"name": "vm", "status": "RUNNING", "networkInterfaces": "none"}, "networkInterfaces is not a list"),
        (INSTANCE, {"name": "vm", "status": "RUNNING", "networkInterfaces": ["nic0"]}, "an entry that is no object"),
        (INSTANCE, machine("vm", labels=["a"]), "labels is not an object"),
        (INSTANCE, machine("vm", deletionProtection="yes"), "deletionProtection is not true or false"),
        (INSTANCE, machine("vm", tags={"items": 3}), "a field of another shape than it should have"),
        (INSTANCE, machine("vm", metadata=["a"]), "metadata is not a list of items"),
        (INSTANCE, machine("vm", metadata={"items": [{"value": "x"}]}), "metadata holds an item without a key"),
        (INSTANCE, machine("vm", metadata={"items": [{"key": "k", "value": 1}]}), "metadata holds a value that is no text"),
        (FIREWALL, {"name": "f", "network": "n", "priority": "first"}, "priority is not a number"),
        (FIREWALL, {"name": "f", "network": "n", "allowed": ["tcp"]}, "an entry that is no object"),
        (FIREWALL, {"name": {"a": 1}, "network": "n"}, "name is not a text"),
        (SERVICE, {"template": {"containers": {}}}, "containers are not a list of objects"),
        (SERVICE, {"metadata": {"name": "web"}, "spec": {"template": "x"}}, "a field of another shape than it should have"),
        (CLUSTER, {"name": "c", "nodePools": ["p"]}, "an entry that is no object"),
    ],
)
def test_a_field_of_another_kind_costs_its_own_resource(gcp: Cloud, asset_type: str, data: dict[str, Any], why: str) -> None:
    assert refused(gcp, asset_type, data) == Unread(Why.UNEXPECTED, LIST, why)


def test_a_field_that_is_always_there_and_is_not_costs_its_own_resource(gcp: Cloud) -> None:
    found = refused(gcp, INSTANCE, {"name": "vm", "networkInterfaces": []})
    assert found == Unread(Why.UNEXPECTED, f"cloudasset.ListAssets {INSTANCE}", "no status")


# Machines.


def test_a_machine_keeps_what_is_asked_about_and_no_noise(gcp: Cloud) -> None:
    interface = {"name": "nic0", "accessConfigs": [{"natIP": "203.0.113.7"}], "fingerprint": "f", "kind": "k"}
    disk = {
        "source": "s",
        "boot": True,
        "diskEncryptionKey": {"kmsKeyName": "k", "rawKey": "r"},
        "shieldedInstanceInitialState": {},
    }
    account = {"email": "a@x.iam.gserviceaccount.com", "scopes": ["z", "a"]}
    data = machine("vm", disks=[disk], serviceAccounts=[account], tags={"items": ["b", "a"], "fingerprint": "f"})
    facts = kept(gcp, INSTANCE, {**data, "networkInterfaces": [interface], "lastStartTimestamp": "2026-01-01T00:00:00Z"})
    assert facts == {
        "name": "vm",
        "status": "RUNNING",
        "networkInterfaces": [{"name": "nic0", "accessConfigs": [{"natIP": "203.0.113.7"}]}],
        "disks": [{"source": "s", "boot": True, "diskEncryptionKey": {"kmsKeyName": "k"}}],
        "serviceAccounts": [{"email": "a@x.iam.gserviceaccount.com", "scopes": ["a", "z"]}],
        "tags": {"items": ["a", "b"]},
    }


@pytest.mark.parametrize(
    ("word", "value"),
    [("TRUE", True), ("true", True), ("Y", True), ("1", True), ("yes ", True), ("FALSE", False), ("0", False), ("on", False)],
)
def test_switches_in_metadata_are_facts_of_their_own(gcp: Cloud, word: str, value: bool) -> None:
    facts = kept(gcp, INSTANCE, machine("vm", metadata=told(enable_oslogin=word)))
    assert facts["enable-oslogin"] is value
    assert "serial-port-enable" not in facts


def test_metadata_are_kept_by_name_and_their_values_as_secrets(gcp: Cloud) -> None:
    items = [{"key": "user-data", "value": "a"}, {"key": "user-data", "value": "b"}, {"key": "empty"}]
    facts = kept(gcp, INSTANCE, machine("vm", metadata={"items": items}), "metadata")
    assert list(facts["metadata"]) == ["2/user-data", "empty", "user-data"]
    assert {type(value) for name, value in facts["metadata"].items() if name != "empty"} == {dict}


def test_the_metadata_of_a_project_are_read_like_those_of_a_machine(gcp: Cloud) -> None:
    project = "compute.googleapis.com/Project"
    uid = gcp.add(project, "shop", {"name": "shop", "commonInstanceMetadata": told(enable_oslogin="TRUE", ssh_keys="k")})
    found = gather(gcp.connect(), project)
    assert found.facts("gcp.compute.project")[uid]["enable-oslogin"] is True
    assert set(found.facts("gcp.compute.project", "metadata")[uid]["metadata"]) == {"enable-oslogin", "ssh-keys"}


def test_odd_metadata_leave_both_readings_of_the_machine_unread(gcp: Cloud) -> None:
    assert refused(gcp, INSTANCE, machine("vm", metadata="x"), "metadata").detail == "metadata is not a list of items"


# Networks.


def test_a_rule_is_the_same_in_whatever_order_and_case_it_comes(gcp: Cloud) -> None:
    rule = {"name": "f", "network": "n", "sourceRanges": ["b", "a"], "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}]}
    other = {"name": "f", "network": "n", "sourceRanges": ["a", "b"], "allowed": [{"ipProtocol": "tcp", "ports": ["22"]}]}
    assert kept(gcp, FIREWALL, rule) == kept(gcp, FIREWALL, other)


def test_a_legacy_network_keeps_the_range_that_makes_it_one(gcp: Cloud) -> None:
    assert kept(gcp, "compute.googleapis.com/Network", {"name": "n", "IPv4Range": "10.0.0.0/8"})["IPv4Range"] == "10.0.0.0/8"


# Storage and data.


def test_people_on_a_buckets_lists_stand_in_a_facet_of_their_own(gcp: Cloud) -> None:
    acl = [{"entity": "user-z@example.org", "role": "READER", "etag": "e"}, {"entity": "allUsers", "role": "READER"}]
    data = {"name": "b", "acl": acl}
    assert kept(gcp, BUCKET, data) == {"name": "b"}
    assert kept(gcp, BUCKET, data, "acl") == {
        "acl": [{"entity": "allUsers", "role": "READER"}, {"entity": "user-z@example.org", "role": "READER"}]
    }


def test_a_database_keeps_its_settings_without_what_counts_their_changes(gcp: Cloud) -> None:
    settings = {"tier": "t", "settingsVersion": "7", "kind": "k", "ipConfiguration": {"sslMode": "ENCRYPTED_ONLY"}}
    facts = kept(gcp, "sqladmin.googleapis.com/Instance", {"name": "d", "databaseVersion": "MYSQL_8_0", "settings": settings})
    assert facts["settings"] == {"tier": "t", "ipConfiguration": {"sslMode": "ENCRYPTED_ONLY"}}


def test_access_to_a_dataset_stands_in_a_facet_of_its_own_in_one_order(gcp: Cloud) -> None:
    access = [{"role": "READER", "specialGroup": "allAuthenticatedUsers"}, {"role": "OWNER", "userByEmail": "a@example.org"}]
    kind, base = "bigquery.googleapis.com/Dataset", {"datasetReference": {"datasetId": "d"}}
    first = kept(gcp, kind, {**base, "access": access}, "access")
    assert first == kept(gcp, kind, {**base, "access": access[::-1]}, "access")
    assert len(first["access"]) == 2


# Cloud Run, in both versions of its words.


def test_a_service_is_the_same_in_the_words_of_either_version(gcp: Cloud) -> None:
    prefix = "run.googleapis.com/"
    noted = {
        f"{prefix}ingress": "internal",
        f"{prefix}invoker-iam-disabled": "true",
        f"{prefix}binary-authorization": "default",
    }
    spec = {"serviceAccountName": "web@x.iam.gserviceaccount.com", "containers": [{"image": "i"}]}
    first = {
        "apiVersion": "serving.knative.dev/v1",
        "metadata": {"name": "web", "annotations": noted, "labels": {"owner": "ada"}},
        "spec": {"template": {"metadata": {"annotations": {f"{prefix}encryption-key": "k"}}, "spec": spec}},
    }
    second = {
        "name": "web",
        "labels": {"owner": "ada"},
        "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY",
        "invokerIamDisabled": True,
        "binaryAuthorization": {"useDefault": True},
        "template": {"serviceAccount": spec["serviceAccountName"], "containers": [{"image": "i"}], "encryptionKey": "k"},
    }
    said = kept(gcp, SERVICE, second)
    assert {name: value for name, value in kept(gcp, SERVICE, first).items() if value is not None} == {
        name: value for name, value in said.items() if value is not None
    }
    assert said["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"


def test_a_service_that_says_nothing_of_its_ingress_takes_all_in_the_first_version(gcp: Cloud) -> None:
    assert kept(gcp, SERVICE, {"metadata": {"name": "web"}, "spec": {}})["ingress"] == "INGRESS_TRAFFIC_ALL"


def test_an_ingress_of_a_new_word_keeps_it(gcp: Cloud) -> None:
    metadata = {"name": "web", "annotations": {"run.googleapis.com/ingress": "moon"}}
    assert kept(gcp, SERVICE, {"metadata": metadata, "spec": {}})["ingress"] == "moon"


def test_variables_that_name_a_secret_kept_elsewhere_are_readable_references(gcp: Cloud) -> None:
    origin = {"secretKeyRef": {"secret": "db", "version": "latest"}}
    env: list[dict[str, Any]] = [{"name": "A", "value": "one"}, {"name": "B", "valueSource": origin}]
    env.append({"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "2"}}})
    containers = [{"image": "i", "env": env}, {"image": "j", "env": [{"name": "A", "value": "two"}]}]
    facts = kept(gcp, SERVICE, {"name": "web", "template": {"containers": containers}}, "variables")
    assert list(facts["variables"]) == ["2/A", "A"]
    assert facts["variables"]["A"]["$redacted"] == "value"
    assert facts["variables"]["A"] != facts["variables"]["2/A"]
    assert facts["references"] == {"B": "secretref:db:latest", "DB_PASSWORD": "secretref:db:2"}


# Clusters.


def test_a_cluster_keeps_no_credentials_and_no_count_of_its_nodes(gcp: Cloud) -> None:
    pools = [
        {
            "name": "b",
            "config": {"machineType": "m", "metadata": {"k": "v"}},
            "instanceGroupUrls": ["u"],
            "initialNodeCount": 3,
        },
        {"name": "a", "version": "1"},
    ]
    auth = {
        "username": "",
        "clientKey": "k",
        "clusterCaCertificate": "c",
        "clientCertificateConfig": {"issueClientCertificate": True},
    }
    facts = kept(gcp, CLUSTER, {"name": "c", "nodePools": pools, "masterAuth": auth, "currentNodeCount": 9})
    assert facts["nodePools"] == [{"name": "a", "version": "1"}, {"name": "b", "config": {"machineType": "m"}}]
    assert facts["masterAuth"] == {"username": "", "clientCertificateConfig": {"issueClientCertificate": True}}
    assert "currentNodeCount" not in facts


# Policies.


def test_a_policy_is_kept_as_the_api_words_it_in_one_order(gcp: Cloud) -> None:
    condition = {"title": "until", "expression": 'request.time < timestamp("2027-01-01T00:00:00Z")'}
    policy = {
        "version": 3,
        "etag": "BwX=",
        "bindings": [
            {"role": "roles/viewer", "members": ["user:z@example.org", "user:a@example.org"]},
            {"role": "roles/owner", "members": ["user:a@example.org"], "condition": condition},
            {"role": "roles/owner", "members": ["group:ops@example.org"]},
        ],
        "auditConfigs": [
            {
                "service": "allServices",
                "auditLogConfigs": [
                    {"logType": "DATA_WRITE"},
                    {"logType": "DATA_READ", "exemptedMembers": ["user:b", "user:a"]},
                ],
            }
        ],
    }
    uid = gcp.add(BUCKET, "b", iam=policy)
    assert gather(gcp.connect(), "IAM_POLICY").facts("gcp.iam.policy")[uid] == {
        "assetType": BUCKET,
        "ancestors": ["projects/111111111111", "folders/222222222222", gcp.organization],
        "bindings": [
            {"role": "roles/owner", "members": ["group:ops@example.org"]},
            {"role": "roles/owner", "members": ["user:a@example.org"], "condition": condition},
            {"role": "roles/viewer", "members": ["user:a@example.org", "user:z@example.org"]},
        ],
        "auditConfigs": [
            {
                "service": "allServices",
                "auditLogConfigs": [
                    {"logType": "DATA_READ", "exemptedMembers": ["user:a", "user:b"]},
                    {"logType": "DATA_WRITE"},
                ],
            }
        ],
    }


def test_organization_policies_stand_by_constraint_as_the_api_words_them(gcp: Cloud) -> None:
    policies = [
        {"constraint": "constraints/b", "booleanPolicy": {"enforced": True}, "updateTime": "2026-01-01T00:00:00Z"},
        {"constraint": "constraints/a", "booleanPolicy": {}},
        {"constraint": "constraints/c", "listPolicy": {"allowedValues": ["z", "a"], "inheritFromParent": True}},
        {"constraint": "constraints/d", "listPolicy": {"allValues": "DENY"}},
        {"constraint": "constraints/e", "restoreDefault": {}},
    ]
    uid = gcp.add("cloudresourcemanager.googleapis.com/Folder", "//x/folders/222222222222", org_policy=policies)
    assert gather(gcp.connect(), "ORG_POLICY").facts("gcp.org_policy")[uid]["policies"] == {
        "constraints/a": {"booleanPolicy": {"enforced": False}},
        "constraints/b": {"booleanPolicy": {"enforced": True}},
        "constraints/c": {"listPolicy": {"allowedValues": ["a", "z"], "inheritFromParent": True}},
        "constraints/d": {"listPolicy": {"allValues": "DENY", "inheritFromParent": False}},
        "constraints/e": {"restoreDefault": {}},
    }
