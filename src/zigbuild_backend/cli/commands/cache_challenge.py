"""``zigbuild cache challenge``: compares the recorded hashes with those of another index."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Sequence

from ...core.base.errors import MismatchError
from ...core.fetch.http_client import redact
from ...index.file_selection import select_files
from ...index.peers import ChallengeAnswer, open_peers, record_challenge
from ..opened_index import opened_repository
from ..session import Session


def run(arguments: Namespace, session: Session) -> int:
    answers: list[ChallengeAnswer] = []
    with opened_repository(arguments, session) as repository:
        peers = open_peers([arguments.url], session.environ)
        try:
            for answer in peers.challenge(arguments.url, select_files(repository.ledger, arguments.selection)):
                record_challenge(repository.ledger, arguments.url, answer)
                answers.append(answer)
                if not arguments.json:
                    _print(answer, session)
        finally:
            peers.close()
    counts = Counter(answer.state for answer in answers)
    if arguments.json:
        session.result_json(_to_document(arguments.url, answers))
    else:
        session.result(f"{counts['agree']} agree, {counts['differ']} differ, {counts['unknown']} unknown there")
    return MismatchError.exit_code if counts["differ"] else 0


def _print(answer: ChallengeAnswer, session: Session) -> None:
    file = answer.file
    if answer.theirs and answer.state == "differ":
        session.result(f"{file.name}: DIFFERS: {answer.theirs.sha256} there, {file.sha256} here")
    elif answer.state == "agree":
        session.result(f"{file.name}: agree" + ("" if answer.is_independent else ", but it was downloaded from there"))
    elif session.is_verbose:
        session.say(f"{file.name}: unknown there")


def _to_document(url: str, answers: Sequence[ChallengeAnswer]) -> dict[str, object]:
    return {
        "index": redact(url),
        "files": [
            {
                "file": answer.file.name,
                "state": answer.state,
                "sha256": answer.file.sha256,
                "theirs": answer.theirs.sha256 if answer.theirs else None,
            }
            for answer in answers
        ],
    }
