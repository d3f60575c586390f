from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from retrieval_engine.bundle import read_manifest
from sticktionary.domain import jobs
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.lab import approval, bundles, comparison, embedding, promotion, registry
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.models import AuditEntry, Embedding, ModelVersion, Player, Release, Sticker, TrainingRun
from tests.catalogue import colours
from tests.game.conftest import make_player
from tests.lab.candidates import candidate, figure, promoted, run, worked

# --- taking in ---


def test_the_model_of_a_run_is_taken_in_once_with_files_of_its_own(frozen: Release) -> None:
    done = run(frozen, figure("fine-tuned", 0.5))
    version = registry.register(done)
    assert (version.stage, version.state, version.run, version.approved_at) == ("candidate", "done", done, None)
    assert version.name == f"colours@{read_manifest(Path(version.path)).version}"
    assert registry.register(done) == version
    assert ModelVersion.objects.count() == 1
    twin = registry.register(run(frozen, figure("fine-tuned", 0.5)))
    assert (twin.name, twin.path) == (f"{version.name}.{twin.run_id}", version.path)


def test_a_corrupted_bundle_is_not_taken_in(frozen: Release, settings: object) -> None:
    done = run(frozen, figure("fine-tuned", 0.5))
    made = Path(settings.RUNS_DIR, done.path, "bundle")  # type: ignore[attr-defined]
    (made / "text.onnx").write_bytes((made / "text.onnx").read_bytes()[:-1])
    with pytest.raises(Refused, match=r"text\.onnx was changed after it was published"):
        registry.register(done)
    assert not ModelVersion.objects.exists()
    assert list(Path(settings.MODELS_DIR).iterdir()) == []  # type: ignore[attr-defined]


# --- approving ---


@pytest.mark.parametrize(
    ("value", "verdict", "needs_reason"),
    [(0.5, "better", False), (0.32, "same", False), (0.29, "same", True), (0.1, "worse", True)],
)
def test_what_measured_lower_needs_a_reason(
    frozen: Release, researcher: Player, value: float, verdict: str, needs_reason: bool
) -> None:
    version = candidate(frozen, value)
    found = comparison.compare(version)
    assert (found.live, found.verdict, found.needs_reason) == ("bm25", verdict, needs_reason)
    if needs_reason:
        with pytest.raises(Refused, match="measured lower"):
            approval.approve(actor=researcher, version=version, why="  ")
    held = approval.approve(actor=researcher, version=version, why="it knows Chinese" if needs_reason else "")
    assert (held.approved_by, held.why) == (researcher, "it knows Chinese" if needs_reason else "")
    with pytest.raises(Refused, match="not waiting"):
        approval.approve(actor=researcher, version=version)
    said = AuditEntry.objects.get(verb="approve_model")
    assert said.detail == {"why": held.why, "beside": "bm25", "verdict": verdict}


def test_a_live_model_from_elsewhere_may_have_seen_the_test(frozen: Release, tmp_path: Path) -> None:
    live = worked(registry.install(actor=None, source=str(colours.bundle(tmp_path / "elsewhere", dim=4)), queue=False))
    report = [figure("fine-tuned", 0.6), figure("live", 0.9)]
    found = comparison.compare(registry.register(run(frozen, *report, live=live.name)))
    assert (found.verdict, found.needs_reason) == ("worse", True)
    assert found.caution.startswith(f"{live.name} did not come from a run here.")


def test_figures_count_beside_the_model_they_were_measured_with(frozen: Release) -> None:
    live = promoted(candidate(frozen))
    report = [figure("fine-tuned", 0.6), figure("live", 0.55), figure("gain", 0.05, 0.01), figure("bm25", 0.9)]
    found = comparison.compare(registry.register(run(frozen, *report, dim=4, live=live.name)))
    assert (found.live, found.verdict) == (live.name, "better")
    assert [(row.gain, row.is_paired, row.live.value) for row in found.rows] == [(0.05, True, 0.55)]


def test_two_runs_on_one_release_are_compared_by_their_own_reports(frozen: Release) -> None:
    live = promoted(candidate(frozen, 0.5))
    found = comparison.compare(registry.register(run(frozen, figure("fine-tuned", 0.51), dim=4)))
    assert (found.live, found.verdict, found.needs_reason) == (live.name, "same", False)
    assert [row.is_paired for row in found.rows] == [False]
    fewer = registry.register(run(frozen, figure("fine-tuned", 0.9, n=7), dim=5))
    assert comparison.compare(fewer).verdict == "unknown"


def test_models_of_different_tests_are_not_compared(frozen: Release, researcher: Player) -> None:
    other = Release.objects.create(title="Another", watermark_at=frozen.watermark_at, salt="x", state="done")
    live = promoted(candidate(other))
    version = registry.register(run(frozen, figure("fine-tuned", 0.9), dim=4))
    found = comparison.compare(version)
    assert found.verdict == "unknown"
    assert found.why_not == (
        f"{live.name} was measured on “Another”, this one on “{frozen}”: these are different tests. "
        "Have the live model measured on that release, then look again."
    )
    with pytest.raises(Refused, match="Say why"):
        approval.approve(actor=researcher, version=version)
    measured = run(frozen, figure("fine-tuned", 0.4), dim=5)
    TrainingRun.objects.filter(pk=measured.pk).update(is_evaluation=True, base=live.name)
    assert comparison.compare(version).verdict == "better"


def test_a_model_of_a_withdrawn_release_needs_a_reason(frozen: Release, researcher: Player) -> None:
    version = candidate(frozen)
    Release.objects.update(withdrawn_at=frozen.frozen_at, why_withdrawn="names in it")
    told = f"The release it learnt from, “{frozen}”, was withdrawn: names in it Say why"
    with pytest.raises(Refused, match=told):
        approval.approve(actor=researcher, version=version)
    assert approval.approve(actor=researcher, version=version, why="they are not in the model").approved_at


def test_only_the_role_decides(frozen: Release) -> None:
    version, player = candidate(frozen), make_player("pat")
    verbs: list[Callable[[], object]] = [
        lambda: approval.approve(actor=player, version=version),
        lambda: approval.reject(actor=player, version=version, why="no"),
        lambda: approval.retire(actor=player, version=version),
        lambda: promotion.promote(actor=player, version=version),
        lambda: promotion.roll_back(actor=player),
    ]
    for forbidden in verbs:
        with pytest.raises(NotAllowed):
            forbidden()
    version.refresh_from_db()
    assert (version.stage, version.state, version.approved_at) == ("candidate", "done", None)


def test_what_was_turned_down_stays_so_and_its_vectors_go(frozen: Release, researcher: Player) -> None:
    version = candidate(frozen)
    embedding.embed(version.name, bundles.opened(version.path))
    with pytest.raises(Refused, match="Say why"):
        approval.reject(actor=researcher, version=version, why=" ")
    approval.reject(actor=researcher, version=version, why="too green")
    with pytest.raises(Refused, match="turned down: too green"):
        promotion.promote(actor=researcher, version=version)
    assert embedding.forget() == 30
    assert not Embedding.objects.exists()


# --- going live ---


def test_nothing_goes_live_unapproved(frozen: Release, researcher: Player) -> None:
    version = candidate(frozen)
    with pytest.raises(Refused, match="Nobody has approved"):
        promotion.promote(actor=researcher, version=version)


def test_the_aliases_move_when_all_is_embedded(frozen: Release, researcher: Player) -> None:
    first, second, third = (promoted(candidate(frozen, dim=dim), researcher, "looks fine") for dim in (3, 4, 5))
    first.refresh_from_db()
    second.refresh_from_db()
    assert [version.stage for version in (first, second, third)] == ["retired", "previous", "champion"]
    assert (third.n_done, third.n_total) == (30, 30)
    assert embedding.forget() == 30
    assert set(Embedding.objects.values_list("embedded_by", flat=True)) == {second.name, third.name}
    entries = AuditEntry.objects.filter(verb="promote").order_by("pk")
    assert [entry.detail["was"] for entry in entries] == ["bm25", first.name, second.name]
    with pytest.raises(Refused, match="live already"):
        promotion.promote(actor=researcher, version=third)


def test_one_promotion_at_a_time(frozen: Release, researcher: Player) -> None:
    first, second = candidate(frozen, dim=3), candidate(frozen, dim=4)
    for version in (first, second):
        approval.approve(actor=researcher, version=version)
    promotion.promote(actor=researcher, version=first)
    with pytest.raises(Refused, match=f"{first.name} is being made live"):
        promotion.promote(actor=researcher, version=second)
    with pytest.raises(Refused, match="just now"):
        promotion.promote(actor=researcher, version=first)
    jobs.cancel(first)
    promotion.promote(actor=researcher, version=second)
    assert worked(second).stage == "champion"


def test_what_a_killed_worker_left_is_taken_up(
    frozen: Release, researcher: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = candidate(frozen)
    approval.approve(actor=researcher, version=version)
    promotion.promote(actor=researcher, version=version)
    monkeypatch.setattr(embedding, "AT_ONCE", 4)

    def killed(held: ModelVersion) -> None:
        if held.n_done >= 8:
            raise SystemExit

    with pytest.raises(SystemExit):
        jobs.carry_out(ModelVersion, version.pk, lambda held: promotion.run(held, killed))
    before = set(Embedding.objects.values_list("pk", flat=True))
    assert (len(before), registry.champion()) == (8, None)
    ModelVersion.objects.update(heartbeat_at=frozen.watermark_at.replace(year=2020))
    assert worked(version).stage == "champion"
    after = set(Embedding.objects.values_list("pk", flat=True))
    assert (before < after, len(after)) == (True, 30)


def test_a_promotion_that_is_cancelled_changes_nothing_and_can_be_resumed(frozen: Release, researcher: Player) -> None:
    version = candidate(frozen)
    approval.approve(actor=researcher, version=version)
    promotion.promote(actor=researcher, version=version)
    assert jobs.carry_out(ModelVersion, version.pk, lambda held: promotion.run(held, jobs.cancel))
    version.refresh_from_db()
    assert (version.state, version.stage, registry.champion()) == ("cancelled", "candidate", None)
    promotion.resume(actor=researcher, version=version)
    assert worked(version).stage == "champion"


def test_what_was_stopped_is_not_taken_up_beside_another_or_after_it_was_turned_down(
    frozen: Release, researcher: Player
) -> None:
    first, second = candidate(frozen, dim=3), candidate(frozen, dim=4)
    for version in (first, second):
        approval.approve(actor=researcher, version=version)
        promotion.promote(actor=researcher, version=version)
        promotion.cancel(actor=researcher, version=version)
    promotion.resume(actor=researcher, version=first)
    with pytest.raises(Refused, match="being made live"):
        promotion.resume(actor=researcher, version=second)
    approval.reject(actor=researcher, version=second, why="too late")
    promotion.cancel(actor=researcher, version=first)
    with pytest.raises(Refused, match="turned down: too late"):
        promotion.resume(actor=researcher, version=second)


def test_a_bundle_that_was_damaged_since_does_not_go_live(frozen: Release, researcher: Player) -> None:
    live = promoted(candidate(frozen, dim=3))
    version = candidate(frozen, dim=4)
    (Path(version.path) / "image.onnx").write_bytes(b"")
    approval.approve(actor=researcher, version=version, why="new")
    promotion.promote(actor=researcher, version=version)
    failed = worked(version)
    assert (failed.state, failed.error) == ("failed", f"{version.name}: image.onnx was changed after it was published")
    assert registry.champion() == live


def test_a_lease_that_was_lost_moves_no_alias(frozen: Release, researcher: Player) -> None:
    version = candidate(frozen)
    approval.approve(actor=researcher, version=version)
    promotion.promote(actor=researcher, version=version)
    taken = jobs.take(ModelVersion, version.pk)
    assert taken is not None
    ModelVersion.objects.filter(pk=version.pk).update(worker="somebody else")
    with pytest.raises(jobs.LeaseLost):
        promotion.run(taken)
    assert registry.champion() is None


# --- and back ---


def test_rolling_back_embeds_nothing_and_can_be_undone(frozen: Release, researcher: Player) -> None:
    first = promoted(candidate(frozen, dim=3))
    second = promoted(candidate(frozen, dim=4), why="larger")
    search = CatalogueSearch()
    search.refresh()
    vectors, began = set(Embedding.objects.values_list("pk", flat=True)), time.monotonic()
    assert promotion.roll_back(actor=researcher, why="too green") == first
    assert time.monotonic() - began < 10
    assert set(Embedding.objects.values_list("pk", flat=True)) == vectors
    red = Sticker.objects.get(name="red-square.webp")
    assert search.preview("red", red.pk).model_version == second.name  # until this process looks
    search.refresh()
    assert search.preview("red", red.pk).model_version == first.name
    assert promotion.roll_back(actor=researcher) == second
    assert AuditEntry.objects.filter(verb="roll_back").first().detail == {"was": second.name, "why": "too green"}  # type: ignore[union-attr]


def test_the_model_before_keeps_up_with_the_catalogue(frozen: Release, stickers: list[Sticker]) -> None:
    first, second = promoted(candidate(frozen, dim=3)), promoted(candidate(frozen, dim=4), why="larger")
    Embedding.objects.filter(sticker=stickers[0]).delete()
    assert embedding.embed_missing() == 2
    assert set(stickers[0].embeddings.values_list("embedded_by", flat=True)) == {first.name, second.name}


def test_there_is_nothing_to_go_back_to(frozen: Release, researcher: Player) -> None:
    with pytest.raises(Refused, match="No model was live before"):
        promotion.roll_back(actor=researcher)
    first = promoted(candidate(frozen, dim=3))
    second = promoted(candidate(frozen, dim=4), why="larger")
    (Path(first.path) / "bundle.json").unlink()
    with pytest.raises(Refused, match="no bundle"):
        promotion.roll_back(actor=researcher)
    assert registry.champion() == second


def test_rolling_back_stops_what_is_on_its_way(frozen: Release, researcher: Player) -> None:
    first, _second = promoted(candidate(frozen, dim=3)), promoted(candidate(frozen, dim=4), why="larger")
    third = candidate(frozen, dim=5)
    approval.approve(actor=researcher, version=third, why="larger still")
    promotion.promote(actor=researcher, version=third)
    promotion.roll_back(actor=researcher)
    third.refresh_from_db()
    assert (registry.champion(), third.state, third.stage) == (first, "cancelled", "candidate")


def test_the_commands_do_the_same(frozen: Release) -> None:
    first, second = candidate(frozen, dim=3), candidate(frozen, 0.1, dim=4)
    with pytest.raises(CommandError, match="Nobody has approved"):
        call_command("promote", first.name)
    call_command("promote", first.name, "--approve")
    with pytest.raises(CommandError, match="Say why"):
        call_command("promote", second.name, "--approve")
    call_command("promote", second.name, "--approve", "--why", "to try")
    assert registry.champion() == second
    call_command("rollback", "--why", "tried")
    assert registry.champion() == first
    with pytest.raises(CommandError, match="no model called nothing"):
        call_command("promote", "nothing")
