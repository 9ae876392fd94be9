"""A diagnosis whose every text tries to break out, or never ends."""

from __future__ import annotations

from made import (
    AT,
    bundle,
    check,
    cluster,
    diagnosis,
    finding,
    linked,
    network,
)
from made_beside import comparison, entry, exposure, lead

from analyzer.model.diagnosis import (
    ComparedObject,
    Diagnosis,
    NodeInfo,
    PoolInfo,
    Tool,
)
from analyzer.model.evidence import Evidence
from analyzer.model.finding import ActNext, Reason
from analyzer.model.gap import Gap, Presence
from analyzer.model.hit import DriftRow, KnownBug, Outcome
from analyzer.model.owner import Actor, Owner
from analyzer.model.subject import Subject

#: Strings that try to break out of every format.
HOSTILE = (
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=2>",
    '" onmouseover="window.pwned=3" x=\'',
    "{{ 7*7 }}{% raw %}${7*7}",
    "\u202egnp.exe\u200b\u2066hidden\u2069",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07 nul\x00 bell\x07",
    "javascript:window.pwned=4",
    "![x](https://example.invalid/x) [y](javascript:alert(1)) `tick`",
    "]]>--></style><style>*{display:none}",
    "[red]rich[/red] [link=file:///etc]x[/link]",
)
#: Longer than any name that Kubernetes takes.
ENDLESS = "n" * 10_000
ALL_HOSTILE = " ".join(HOSTILE)


def hostile() -> Diagnosis:
    """Strings that try to break out, in every field that can hold one."""
    text = ALL_HOSTILE
    item = finding(
        1,
        id=text,
        rule="AKS-NET-001",
        title=text,
        component=text,
        subject=Subject(kind=text, name=text, namespace=text, node=text),
        decided_by=text,
        act_next=ActNext(who=Actor.CUSTOMER, what=text),
        saw=text,
        expected=text,
        because=(Reason(step=7, row=text, clause=text, section=text, text=text, decided=True),),
        would_change=(text,),
        affects=(Subject(kind=text, name=text), Subject(kind="Node", name=text)),
        known_bug=KnownBug(id=text, title=text, links=HOSTILE, fixed_in=(text,), workaround=text),
        drift=(DriftRow(path=text, expected=text, actual=text, changed_by=text, changed_at=AT),),
        evidence=(Evidence(path=text, line=1, excerpt=text, what=text),),
        remediation=HOSTILE,
        references=(
            *HOSTILE,
            "http://plain.invalid/x",
            "data:text/html,x",
            f"https://a.invalid/{text}",
        ),
        why_it_matters=text,
    )
    gap = Gap(path=text, reason=Presence.FAILED, detail=text)
    odd = check(1, Outcome.UNKNOWN, title=text, component=text, reason=text, missing=(gap,))
    odd_subject = Subject(kind=text, name=text, namespace=text, node=text)
    place = (Evidence(path=text, line=7, excerpt=text, what=text),)
    endless = finding(
        3,
        title=ENDLESS,
        component=ENDLESS,
        subject=Subject(kind=ENDLESS, name=ENDLESS, namespace=ENDLESS),
        decided_by=ENDLESS,
        saw=ENDLESS,
        affects=tuple(Subject(kind=f"Kind{n}", name=f"{n}{ENDLESS}") for n in range(40)),
        evidence=(Evidence(path=ENDLESS, line=1, excerpt=ENDLESS, what=ENDLESS),),
        drift=(DriftRow(path=ENDLESS, expected=ENDLESS, actual=ENDLESS, changed_by=ENDLESS),),
        references=(ENDLESS,),
        known_bug=KnownBug(id=ENDLESS, title=ENDLESS, fixed_in=(ENDLESS,)),
    )
    found = linked([item, finding(2, owner=Owner.UNDETERMINED), endless], [(0, 1)])
    return diagnosis(
        found,
        exposures=tuple(
            exposure(
                n,
                bug=f"{text}{n}",
                title=text,
                component=text,
                status=status,
                why=(text, text),
                subject=odd_subject,
                affects=(odd_subject,),
                links=HOSTILE,
                fixed_in=text,
                workaround=text,
                evidence=place,
            )
            for n, status in enumerate(("affected", "possible", "fixed-here"))
        ),
        leads=(lead(1, template=text, component=text, node=text, why=text, evidence=place),),
        timeline=(
            entry(9, lane=text, what=text, subject=odd_subject),
            entry(8, kind="change", lane=text, what=text),
            entry(7, kind="finding", lane=text, what=text, finding=text),
        ),
        comparison=comparison(
            as_of=text,
            objects=(
                ComparedObject(
                    component=text,
                    subject=odd_subject,
                    values=3,
                    matched=1,
                    allowed=(text,),
                    newer=(text,),
                ),
            ),
            not_compared=(text,),
        ),
        tool=Tool(name=text, version=text, policy=text, baselines=text, bugs=text),
        bundle=bundle(
            name=text, layout=text, collector=text, missing=(gap,), masked={text: 2}, complete=False
        ),
        cluster=cluster(
            name=text,
            aks_reason=text,
            kubernetes_version=text,
            cloud=text,
            location=text,
            network=network(
                mode=text,
                plugin=text,
                dataplane=text,
                policy=text,
                proxy=text,
                would_settle=text,
                evidence=(Evidence(path=text, line=2, excerpt=text, what=text),),
            ),
            pools=(
                PoolInfo(name=text, mode=text, nodes=1, ready=1, os=text, images=(text,)),
                PoolInfo(name=ENDLESS, nodes=1, ready=1, os=ENDLESS, kubelets=(ENDLESS,)),
            ),
            node_list=(NodeInfo(name=text, pool=text, ready=None, has_archive=False),),
            add_ons=(text, ENDLESS),
            third_party=(text,),
        ),
        healthy=(odd,),
        unknown=(odd,),
        not_applicable=(odd,),
        crashed=(odd,),
        notices=(text,),
    )
