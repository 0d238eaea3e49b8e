"""``zigbuild cache prove``: rebuilds wheels in contrasting variations, and records whether they are identical."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from ...core.base.errors import MismatchError
from ...index.file_selection import select_wheels
from ...index.files import DROPPABLE_LEVEL, LEVELS
from ...index.proof import Proof, describe_variation, prove_wheels
from ...index.rebuilder import Rebuilder
from ...rebuild.build_variations import contrasting_variations
from ..opened_index import opened_repository, report_wheel_problems
from ..sandbox_choice import choose_sandbox
from ..session import Session, choose_exit_code, format_count, to_json


def run(arguments: Namespace, session: Session) -> int:
    proofs: list[Proof] = []
    with opened_repository(arguments, session) as repository:
        files = select_wheels(repository.ledger, arguments.selection)
        variations = contrasting_variations(session.environ)
        for variation in variations:
            session.say(f"build environment: {describe_variation(variation)}")
        rebuilder = Rebuilder(repository, choose_sandbox(arguments, session, is_required=True))
        for proof in prove_wheels(rebuilder, files, variations):
            proofs.append(proof)
            if not arguments.json:
                _print(proof, session)
    if arguments.json:
        session.result_json(_to_document(proofs))
    else:
        errors = [(proof.file.name, problem) for proof in proofs if proof.error for problem in proof.error.problems]
        report_wheel_problems(errors, session)
    proven = sum(proof.is_good and proof.level >= DROPPABLE_LEVEL for proof in proofs)
    session.say(f"{proven} of {format_count(len(proofs), 'wheel')} proven to be rebuildable")
    if any(not proof.is_good and not proof.error for proof in proofs):
        return MismatchError.exit_code
    return choose_exit_code(proof.error for proof in proofs if proof.error)


def _print(proof: Proof, session: Session) -> None:
    if proof.is_good:
        session.result(f"{proof.file.name}: level {proof.level}, {LEVELS[proof.level]}")
    elif not proof.error:
        session.result(f"{proof.file.name}: other bytes: {proof.explanation}")


def _to_document(proofs: Sequence[Proof]) -> dict[str, object]:
    return {
        "wheels": [
            {
                "file": proof.file.name,
                "sha256": proof.file.sha256,
                "same": proof.is_good,
                "level": proof.level,
                "explanation": proof.explanation,
                "problems": to_json(proof.error.problems if proof.error else ()),
            }
            for proof in proofs
        ]
    }
