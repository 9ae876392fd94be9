"""Every row of the decision table decides its case, and no earlier row takes it."""

from __future__ import annotations

import pytest

from analyzer.model.owner import Actor, Owner
from analyzer.model.signal import Signal as S
from analyzer.ownership.decide import Context, decide
from analyzer.ownership.table import packaged_table
from analyzer.policy.pack import available, load_pack
from tests.unit.candidates import candidate, node

CASES: dict[str, set[S]] = {
    "O-2-byocni-bug": {S.KNOWN_BUG, S.CNI_ITSELF, S.BYOCNI},
    "O-2-microsoft-bug": {S.KNOWN_BUG, S.BUG_OF_MICROSOFT},
    "O-2-upstream-bug": {S.KNOWN_BUG, S.NODE_HOST, S.UNHEALTHY},
    "O-3-byocni-cni": {S.BYOCNI, S.CNI_ITSELF, S.UNHEALTHY},
    "O-3-byocni-network": {S.BYOCNI, S.POD_NETWORK, S.UNHEALTHY},
    "O-3-mode-unknown": {S.NETWORK_MODE_UNKNOWN, S.POD_NETWORK, S.UNHEALTHY},
    "O-4-allowed": {S.ALLOWED_CUSTOMISATION, S.MANAGED_COMPONENT},
    "O-4-third-party-cni": {S.THIRD_PARTY_CNI, S.CNI_ITSELF},
    "O-4-system-metadata-unsigned": {S.SYSTEM_METADATA_CHANGED, S.CHANGED_BY_UNKNOWN},
    "O-4-system-metadata": {S.SYSTEM_METADATA_CHANGED, S.CHANGED_BY_CUSTOMER, S.NODE_HOST},
    "O-4-managed-network": {S.MANAGED_NETWORK_CHANGED, S.CHANGED_BY_CUSTOMER},
    "O-4-node-differs": {S.CHANGED_BY_UNKNOWN, S.NODE_DIFFERS, S.NODE_HOST},
    "O-4-node-changed": {S.CHANGED_BY_CUSTOMER, S.NODE_HOST},
    "O-4-customisation-breaks": {S.CUSTOMISATION_BREAKS, S.MANAGED_COMPONENT, S.UNHEALTHY},
    "O-4-managed-changed": {S.CHANGED_BY_CUSTOMER, S.MANAGED_COMPONENT},
    "O-4-changed-author-unknown": {S.CHANGED_BY_UNKNOWN, S.MANAGED_COMPONENT},
    "O-5-subscription": {S.SUBSCRIPTION_DISABLED, S.AZURE_GOVERNANCE, S.UNHEALTHY},
    "O-5-stopped": {S.STOPPED_THROUGH_AKS},
    "O-5-spot": {S.SPOT_EVICTION, S.PLATFORM_EVENT},
    "O-5-governance": {S.AZURE_GOVERNANCE, S.UNHEALTHY},
    "O-5-retired": {S.RETIRED, S.NODE_HOST},
    "O-5-retiring": {S.RETIRING, S.NODE_HOST},
    "O-5-own-network-policy": {S.OWN_NETWORK_POLICY, S.MANAGED_COMPONENT, S.UNHEALTHY},
    "O-5-own-network-policy-before": {S.OWN_NETWORK_POLICY, S.MANAGED_COMPONENT, S.UNHEALTHY},
    "O-5-own-ingress": {S.OWN_INGRESS_CONTROLLER, S.THIRD_PARTY},
    "O-5-own-ingress-before": {S.OWN_INGRESS_CONTROLLER, S.THIRD_PARTY},
    "O-5-own-admission-policy": {S.OWN_ADMISSION_POLICY},
    "O-5-own-admission-policy-before": {S.OWN_ADMISSION_POLICY},
    "O-5-own-certificate": {S.OWN_CERTIFICATE},
    "O-5-closed-source": {S.CLOSED_SOURCE, S.THIRD_PARTY},
    "O-5-own-azure-network": {S.OWN_AZURE_NETWORK, S.UNHEALTHY},
    "O-5-cluster-setting": {S.CLUSTER_SETTING},
    "O-5-own-azure-resource": {S.OWN_AZURE_RESOURCE, S.STORAGE},
    "O-6-maintenance": {S.PLATFORM_EVENT},
    "O-5-version-window": {S.OUT_OF_WINDOW},
    "O-5-version-skew": {S.VERSION_SKEW},
    "O-5-image-unsupported": {S.NODE_IMAGE_UNSUPPORTED},
    "O-5-image-old": {S.NODE_IMAGE_OLD},
    "O-5-alpha": {S.ALPHA_FEATURE},
    "O-5-preview": {S.PREVIEW_FEATURE},
    "O-5-egress": {S.EGRESS_BLOCKED},
    "O-5-custom-dns": {S.CUSTOM_DNS, S.UNHEALTHY},
    "O-5-node-access": {S.NODE_ACCESS},
    "O-5-own-operation": {S.OWN_OPERATION},
    "O-5-identity": {S.AUTHORIZATION_OF_CLUSTER_IDENTITY, S.STORAGE},
    "O-5-capacity-doubted": {S.CAPACITY_EXHAUSTED, S.CAPACITY_DOUBTED, S.POD_NETWORK},
    "O-5-capacity": {S.CAPACITY_EXHAUSTED, S.POD_NETWORK},
    "O-5-webhook": {S.OWN_WEBHOOK},
    "O-5-daemonset": {S.OWN_DAEMONSET, S.NODE_HOST, S.UNHEALTHY},
    "O-5-third-party": {S.THIRD_PARTY, S.OWN_WORKLOAD},
    "O-5-own-registry": {S.OWN_REGISTRY, S.OWN_WORKLOAD},
    "O-5-registry-of-microsoft": {S.REGISTRY_OF_MICROSOFT, S.OWN_WORKLOAD},
    "O-4-author-open": {S.CHANGED_BY_UNKNOWN, S.WRITTEN_BY_AKS_TOO, S.NODE_HOST},
    "O-5-own-workload": {S.OWN_WORKLOAD},
    "O-5-own-workload-before": {S.OWN_WORKLOAD},
    "O-6-egress-unknown": {S.EGRESS_NOT_CHECKED, S.MANAGED_COMPONENT, S.UNHEALTHY},
    "O-6-change-unknown": {S.CHANGE_NOT_CHECKED, S.MANAGED_COMPONENT, S.UNHEALTHY},
    "O-6-control-plane": {S.CONTROL_PLANE, S.UNHEALTHY},
    "O-6-managed-component": {S.MANAGED_COMPONENT, S.UNHEALTHY},
    "O-6-node-agent": {S.NODE_AGENT, S.UNHEALTHY},
    "O-6-platform": {S.NODE_HOST, S.UNHEALTHY},
    "O-7-managed": {S.MANAGED_COMPONENT},
    "O-7-open": set(),
}
#: Rows that a later policy replaces: under the newest pack another row decides their case.
BEFORE = {row_id: "2023-08-28" for row_id in CASES if row_id.endswith("-before")}


def _context(date: str | None = None, signals: set[S] | None = None) -> Context:
    words = {"mode": "Azure CNI overlay", "bugs_checked": "115 known bugs were compared"}
    return Context(signals=frozenset(signals or set()), words=words, pack=load_pack(date))


def test_every_row_has_a_case() -> None:
    assert {row.id for row in packaged_table().rows} == set(CASES)


@pytest.mark.parametrize("row_id", sorted(CASES))
def test_row_decides_its_case(row_id: str) -> None:
    row = next(r for r in packaged_table().rows if r.id == row_id)
    subject = candidate("x", node("n1"), signals=CASES[row_id])
    verdict = decide(subject, packaged_table(), _context(BEFORE.get(row_id)), {})
    assert verdict.decided_by == row_id
    assert verdict.owner is row.owner and verdict.stance is row.stance
    deciding = verdict.because[-1]
    assert deciding.decided and deciding.clause == row.clause and deciding.section
    assert [reason.step for reason in verdict.because] == list(range(1, row.step + 1))
    assert all("{" not in reason.text for reason in verdict.because)


@pytest.mark.parametrize("date", available())
def test_every_row_cites_a_clause_of_every_pack(date: str) -> None:
    clauses = load_pack(date).clauses
    for row in packaged_table().rows:
        assert row.clause in clauses, row.id


def test_the_limit_for_node_images_came_with_the_newer_policy() -> None:
    old_image = candidate("x", node("n1"), signals={S.NODE_IMAGE_UNSUPPORTED})
    base = decide(old_image, packaged_table(), _context("2023-08-28"), {})
    newer = decide(old_image, packaged_table(), _context("2026-06-09"), {})
    assert (base.decided_by, newer.decided_by) == ("O-5-image-old", "O-5-image-unsupported")
    assert base.owner is newer.owner is Owner.CUSTOMER


@pytest.mark.parametrize(
    ("signals", "before", "after"),
    [
        ({S.NODE_IMAGE_UNSUPPORTED}, ("NODE-06", "supported"), ("IMG-02", "not-supported")),
        ({S.OWN_INGRESS_CONTROLLER}, ("SUP-08", "best-effort"), ("UNS-17", "not-supported")),
        ({S.OWN_NETWORK_POLICY}, ("SUP-10", "supported"), ("UNS-16", "not-supported")),
        ({S.OWN_ADMISSION_POLICY}, ("UNS-20", "best-effort"), ("UNS-20", "not-supported")),
        ({S.OWN_WORKLOAD}, ("UNS-01", "not-supported"), ("UNS-14", "not-supported")),
    ],
)
def test_verdicts_that_change_with_the_policy(
    signals: set[S], before: tuple[str, str], after: tuple[str, str]
) -> None:
    finding = candidate("x", node("n1"), signals=signals)
    for date, wanted in (("2023-08-28", before), ("2026-06-09", after)):
        verdict = decide(finding, packaged_table(), _context(date), {})
        clause = verdict.because[-1].clause
        assert (clause, str(verdict.stance)) == wanted, date
        assert verdict.owner is Owner.CUSTOMER
        # The pack's own clause says the same as the row that cites it.
        assert clause and load_pack(date).clauses[clause].stance == verdict.stance


def test_microsoft_is_never_named_where_a_change_could_not_be_looked_for() -> None:
    for extra in (S.MANAGED_COMPONENT, S.NODE_AGENT, S.CONTROL_PLANE, S.NODE_HOST):
        broken = candidate("x", node("n1"), signals={extra, S.UNHEALTHY, S.CHANGE_NOT_CHECKED})
        verdict = decide(broken, packaged_table(), _context(), {})
        assert verdict.owner is Owner.UNDETERMINED and verdict.would_change


def test_byocni_takes_out_pod_networking_and_nothing_else() -> None:
    byocni = _context(signals={S.BYOCNI})
    cni = candidate("x", node("n1"), signals={S.CNI_ITSELF, S.UNHEALTHY})
    disk = candidate("y", node("n1"), signals={S.MANAGED_COMPONENT, S.STORAGE, S.UNHEALTHY})
    assert decide(cni, packaged_table(), byocni, {}).owner is Owner.BYOCNI_EXCLUDED
    assert decide(disk, packaged_table(), byocni, {}).owner is Owner.MICROSOFT


def test_the_rules_own_instruction_goes_before_the_rows() -> None:
    broken = candidate("x", node("n1"), signals={S.CONTROL_PLANE, S.UNHEALTHY})
    verdict = decide(broken, packaged_table(), _context(), {Actor.MICROSOFT: "Look at etcd."})
    assert verdict.act_next.what == "Look at etcd."
