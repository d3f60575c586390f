from __future__ import annotations

import contextlib
import json
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from sticktionary.domain import catalogue, jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake import importing, sources
from sticktionary.domain.intake.pictures import path_of, prepare, sha256_of
from sticktionary.models import ImportItem, ImportJob, IndexChange, Pack, Query, Round, Sticker
from tests.catalogue import files
from tests.catalogue.conftest import Importer


def outcomes(job: ImportJob) -> dict[str, str]:
    return {item.name: item.outcome for item in job.items.all()}


def reasons(job: ImportJob) -> dict[str, str]:
    return {item.name: item.reason for item in job.items.filter(outcome="refused")}


def queries(sticker: Sticker, language: str) -> list[str]:
    return catalogue.house_queries(sticker, language)


def test_good_files_are_imported_and_each_hostile_one_is_named(imported: Importer, tmp_path: Path) -> None:
    job = imported(files.zipped(tmp_path / "mixed.zip", files.good() | files.hostile()))
    assert (job.state, job.n_done, job.n_total) == ("done", 16, 16)
    assert {name for name, outcome in outcomes(job).items() if outcome == "imported"} == set(files.GOOD)
    told = reasons(job)
    assert told.keys() == files.HOSTILE.keys()
    assert {name: told[name][: len(reason)] for name, reason in files.HOSTILE.items()} == files.HOSTILE
    assert not (tmp_path / "slip.png").exists()


def test_stickers_are_served_as_webp_in_a_box_of_512(imported: Importer, tmp_path: Path) -> None:
    wide = files.encoded(files.drawing(7, 1_200, (255, 255, 255, 255)).crop((0, 0, 1_200, 600)), "PNG")
    imported(files.folder(tmp_path / "pack", {**files.good(), "wide.png": wide}))
    for sticker in Sticker.objects.all():
        with Image.open(path_of(sticker.image)) as image:
            assert (image.format, image.size) == ("WEBP", (sticker.width, sticker.height))
            assert getattr(image, "n_frames", 1) == sticker.n_frames
        assert path_of(sticker.original).is_file()
    sizes = dict(Sticker.objects.values_list("name", "width"))
    assert sizes["wide.png"] == 512
    assert Sticker.objects.get(name="wide.png").height == 256


def test_moving_ones_keep_their_times_and_get_a_poster(imported: Importer, tmp_path: Path) -> None:
    imported(files.folder(tmp_path / "pack", files.good()))
    for name, n_frames, duration in (("moving.gif", 5, 400), ("moving.png", 5, 400), ("film.webm", 8, 800)):
        sticker = Sticker.objects.get(name=name)
        assert (sticker.n_frames, sticker.duration_ms) == (n_frames, duration)
        with Image.open(path_of(sticker.poster)) as poster:
            assert getattr(poster, "n_frames", 1) == 1
    still = Sticker.objects.get(name="still.png")
    assert (still.poster, still.duration_ms) == (still.image, 0)


def test_a_film_keeps_its_transparency(imported: Importer, tmp_path: Path) -> None:
    imported(files.folder(tmp_path / "pack", {"film.webm": files.webm()}))
    with Image.open(path_of(Sticker.objects.get().poster)) as poster:
        seen = poster.convert("RGBA")
    assert seen.getpixel((90, 90))[3] == 0
    assert seen.getpixel((25, 45)) == (253, 0, 0, 255)


def test_long_animations_are_thinned_and_take_as_long(imported: Importer, tmp_path: Path) -> None:
    imported(files.folder(tmp_path / "pack", {"long.gif": files.moving("GIF", n=150, size=40, duration=50)}))
    sticker = Sticker.objects.get()
    assert 30 <= sticker.n_frames <= 60
    assert sticker.duration_ms == 7_500


def test_a_webp_that_fits_is_served_as_it_came(imported: Importer, tmp_path: Path) -> None:
    content = files.encoded(files.drawing(3, background=(255, 255, 255, 255)), "WEBP")
    imported(files.folder(tmp_path / "pack", {"a.webp": content}))
    sticker = Sticker.objects.get()
    assert path_of(sticker.image).read_bytes() == content
    assert sticker.original == sticker.image


def test_a_cut_out_gets_a_white_edge_once(imported: Importer, tmp_path: Path) -> None:
    imported(files.folder(tmp_path / "pack", {"a.png": files.encoded(disc("green", 400), "PNG")}))
    first = Sticker.objects.get()
    with Image.open(path_of(first.image)) as image:
        cut = image.convert("RGBA")
    assert cut.width > 400
    middle = [cut.getpixel((x, cut.height // 2)) for x in range(cut.width // 2)]
    assert middle[0][3] == 0
    assert any(alpha > 250 and min(colour) > 250 for *colour, alpha in middle)
    assert middle[-1][3] == 255
    assert max(abs(got - drawn) for got, drawn in zip(middle[-1], (0, 128, 0), strict=False)) < 8
    imported(files.folder(tmp_path / "again", {"b.webp": path_of(first.image).read_bytes()}))
    second = Sticker.objects.get(name="b.webp")
    assert second.image == first.image


def disc(colour: str, size: int) -> Image.Image:
    picture = Image.new("RGBA", (size, size))
    ImageDraw.Draw(picture).ellipse((4, 4, size - 4, size - 4), fill=colour)
    return picture


def test_where_a_photograph_was_taken_is_not_served(imported: Importer, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    photo = files.encoded(files.drawing(3), "WEBP", exif=exif)
    imported(files.folder(tmp_path / "pack", {"a.webp": photo}))
    with Image.open(path_of(Sticker.objects.get().image)) as image:
        assert "exif" not in image.info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_a_sticker(imported: Importer, tmp_path: Path, mode: str) -> None:
    picture = files.drawing(3).convert("L") if mode == "I;16" else files.drawing(3)
    imported(files.folder(tmp_path / "pack", {"a.png": files.encoded(picture.convert(mode), "PNG")}))
    assert Sticker.objects.get().n_frames == 1


# --- words ---


def test_the_published_layout_brings_queries_in_both_languages(imported: Importer, tmp_path: Path) -> None:
    english = 'sticker_id,labeled_queries\na.png,"so tired, good night, bed, sleepy, zzz, not today"\n'
    chinese = 'sticker_id,labeled_queries\na.png,"好累, 晚安"\n'
    imported(
        files.folder(
            tmp_path / "pack",
            {
                "stickers/a.png": files.png(1),
                "sticker_queries_en_release.csv": english.encode(),
                "sticker_queries_zh_release.csv": chinese.encode(),
                "preview.png": files.png(2),
            },
        )
    )
    sticker = Sticker.objects.get()
    assert queries(sticker, "en") == ["so tired", "good night", "bed", "sleepy", "zzz", "not today"]
    assert queries(sticker, "zh") == ["好累", "晚安"]
    rounds = Round.objects.order_by("pk")
    assert [(r.language, r.source, r.state, r.labeler_id, r.queries.count()) for r in rounds] == [
        ("en", "house", "open", None, 5),
        ("en", "house", "open", None, 1),
        ("zh", "house", "open", None, 2),
    ]
    assert all(r.submitted_at is not None for r in rounds)
    places = Query.objects.filter(round__language="en").order_by("pk").values_list("position", flat=True)
    assert list(places) == [0, 1, 2, 3, 4, 5]


def test_lines_of_json_bring_labels_too(imported: Importer, tmp_path: Path) -> None:
    line = {
        "sticker": "a.png",
        "queries_en": ["well done"],
        "queries_zh": ["干得好"],
        "emotion": "happy",
        "gesture": ["thumbs up"],
        "printed_text": "OK\u0000!",
    }
    other = {"file": "b.png", "queries": ["no, thanks", "不要"]}
    lists = "\n".join(json.dumps(each) for each in (line, other)).encode()
    job = imported(
        files.folder(tmp_path / "pack", {"a.png": files.png(1), "b.png": files.png(2), "metadata.jsonl": lists})
    )
    assert reasons(job) == {}
    a, b = Sticker.objects.order_by("name")
    assert (queries(a, "en"), queries(a, "zh")) == (["well done"], ["干得好"])
    assert (a.labels, a.printed_text) == ({"emotion": ["happy"], "gesture": ["thumbs up"]}, "OK !")
    assert (queries(b, "en"), queries(b, "zh")) == (["no, thanks"], ["不要"])


def test_a_csv_of_ones_own_is_read_by_its_columns(imported: Importer, tmp_path: Path) -> None:
    own = 'file,queries_en,queries_zh,emotion\nx/a.png,"hi, hello",你好,joy\n,nobody,,\n'.encode()
    job = imported(files.folder(tmp_path / "pack", {"x/a.png": files.png(1), "list.csv": own}))
    sticker = Sticker.objects.get()
    assert (queries(sticker, "en"), queries(sticker, "zh")) == (["hi", "hello"], ["你好"])
    assert list(reasons(job)) == ["list.csv:3"]


def test_a_whatsapp_pack_is_a_zip_with_a_tray_icon(imported: Importer, tmp_path: Path) -> None:
    contents = {
        "sticker_packs": [
            {"name": "P", "tray_image_file": "icon.png", "stickers": [{"image_file": "1.webp", "emojis": ["😀"]}]}
        ]
    }
    path = files.zipped(
        tmp_path / "pack.wasticker",
        {
            "1.webp": files.good()["still.webp"],
            "icon.png": files.png(5),
            "contents.json": json.dumps(contents).encode(),
            "title.txt": b"P",
        },
    )
    job = imported(path)
    assert outcomes(job) == {"1.webp": "imported"}
    assert Sticker.objects.get().labels == {"emoji": ["😀"]}


def test_a_list_that_cannot_be_read_is_named_and_the_rest_comes_in(imported: Importer, tmp_path: Path) -> None:
    job = imported(
        files.folder(
            tmp_path / "pack",
            {
                "stickers/a.png": files.png(1),
                "sticker_queries_en.csv": b'sticker_id,labeled_queries\na.png,"one, two"\nb.png\n',
                "more.jsonl": b"{not json}\n",
                "sticker_queries_zh.csv": "sticker_id,labeled_queries\nghost.png,鬼\n".encode(),
            },
        )
    )
    assert outcomes(job)["stickers/a.png"] == "imported"
    told = reasons(job)
    assert told.keys() == {"sticker_queries_en.csv", "more.jsonl:1", "ghost.png (listed)"}
    assert told["ghost.png (listed)"] == "No picture of this name came with the list."


def test_a_bad_line_among_good_ones_is_named_by_its_number(imported: Importer, tmp_path: Path) -> None:
    one, two = (json.dumps({"sticker": "a.png", "queries_en": [query]}) for query in ("one", "two"))
    lines = "\n".join([one, "", "{not json}", '["a.png"]', two]).encode()
    job = imported(files.folder(tmp_path / "pack", {"stickers/a.png": files.png(1), "more.jsonl": lines}))
    assert reasons(job) == dict.fromkeys(["more.jsonl:3", "more.jsonl:4"], "This line is not a JSON object.")
    assert queries(Sticker.objects.get(), "en") == ["one", "two"]


def test_a_language_that_nobody_plays_in_is_named_and_left_out(imported: Importer, tmp_path: Path) -> None:
    lists = {
        "sticker_queries_fr.csv": b"sticker_id,labeled_queries\na.png,bonjour\n",
        "queries_de_release.csv": b"sticker_id,labeled_queries\na.png,hallo\n",
        "own.csv": b"sticker,queries_en,queries_es\na.png,hello,hola\n",
        "lines.jsonl": b'{"sticker": "a.png", "queries": ["ciao"], "lang": "it"}\n'
        b'{"sticker": "a.png", "queries": ["ok"], "lang": "zh-CN"}\n',
    }
    job = imported(files.folder(tmp_path / "pack", {"stickers/a.png": files.png(1), **lists}))
    assert reasons(job) == {
        "sticker_queries_fr.csv": "There is no language called fr.",
        "queries_de_release.csv": "There is no language called de.",
        "own.csv:2 (a.png)": "There is no language called es.",
        "lines.jsonl:1 (a.png)": "There is no language called it.",
    }
    sticker = Sticker.objects.get()
    assert (queries(sticker, "en"), queries(sticker, "zh")) == (["hello"], ["ok"])


def test_a_query_too_long_is_named_and_the_others_are_kept(imported: Importer, tmp_path: Path) -> None:
    lists = json.dumps({"sticker": "a.png", "queries_en": ["fine", "x" * 201]}).encode()
    job = imported(files.folder(tmp_path / "pack", {"a.png": files.png(1), "l.jsonl": lists}))
    assert queries(Sticker.objects.get(), "en") == ["fine"]
    assert list(reasons(job)) == ["l.jsonl:1 (a.png)"]


# --- the same sticker again ---


def test_the_same_file_again_gives_its_new_queries_to_the_first(imported: Importer, tmp_path: Path) -> None:
    csv = "sticker_id,labeled_queries\n{}\n"
    first = {"stickers/a.png": files.png(1), "q_en.csv": csv.format('a.png,"one, two"').encode()}
    again = {"stickers/z.png": files.png(1), "q_en.csv": csv.format('z.png,"two, three"').encode()}
    imported(files.folder(tmp_path / "first", first))
    job = imported(files.folder(tmp_path / "again", again))
    assert outcomes(job) == {"stickers/z.png": "duplicate"}
    assert job.items.get().reason == "It is the same file as a.png. 1 new queries were added to it."
    assert queries(Sticker.objects.get(), "en") == ["one", "two", "three"]


def test_importing_twice_changes_nothing(imported: Importer, tmp_path: Path) -> None:
    path = files.folder(tmp_path / "pack", {"a.png": files.png(1), "q_en.csv": b'file,queries\na.png,"one, one"\n'})
    imported(path)
    imported(path)
    assert queries(Sticker.objects.get(), "en") == ["one", "one"]
    assert Round.objects.count() == 1


def test_a_list_alone_adds_queries_to_stickers_of_the_pack(imported: Importer, tmp_path: Path) -> None:
    imported(files.folder(tmp_path / "pack", {"a.png": files.png(1)}))
    imported(files.folder(tmp_path / "list", {"q_zh.csv": "sticker_id,labeled_queries\na.png,早\n".encode()}))
    assert queries(Sticker.objects.get(), "zh") == ["早"]


def test_pictures_that_look_alike_are_kept_and_linked(imported: Importer, tmp_path: Path) -> None:
    picture = files.drawing(1, 200, (255, 255, 255, 255))
    job = imported(
        files.folder(
            tmp_path / "pack",
            {
                "a.png": files.encoded(picture, "PNG"),
                "b.jpg": files.encoded(picture.convert("RGB"), "JPEG", quality=80),
                "c.png": files.png(2, 200),
            },
        )
    )
    a, b, c = Sticker.objects.order_by("name")
    assert (a.twin_of, b.twin_of, c.twin_of) == (None, a, None)
    assert list(job.items.filter(is_near_duplicate=True).values_list("name", flat=True)) == ["b.jpg"]


def test_plain_pictures_and_other_colours_are_no_twins(imported: Importer, tmp_path: Path) -> None:
    def heart(colour: str) -> bytes:
        picture = files.drawing(1).getchannel("A")
        painted = Image.new("RGBA", picture.size, colour)
        painted.putalpha(picture)
        return files.encoded(painted, "PNG")

    pictures = {
        "clear.png": files.encoded(Image.new("RGBA", (90, 90)), "PNG"),
        "clear2.png": files.encoded(Image.new("RGBA", (80, 80)), "PNG"),
        "white.png": files.encoded(Image.new("RGB", (90, 90), "white"), "PNG"),
        "red.png": heart("red"),
        "blue.png": heart("blue"),
    }
    imported(files.folder(tmp_path / "pack", pictures))
    assert Sticker.objects.count() == 5
    assert not Sticker.objects.exclude(twin_of=None).exists()


# --- archives that mean no good ---


def _archive(path: Path, *members: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.png", files.png(1))
        for member, content in members:
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/x.png", "Its path leads out of the archive."),
        ("a/../../x.png", "Its path leads out of the archive."),
        ("..\\x.png", "Its path leads out of the archive."),
        ("C:/x.png", "Its path leads out of the archive."),
        ("inner.zip", "It is an archive within the import; import it by itself."),
        ("notes.txt", "Not a format for stickers; these are: png, jpg, webp, gif, apng, webm."),
    ],
)
def test_members_with_bad_names_are_refused(imported: Importer, tmp_path: Path, name: str, reason: str) -> None:
    job = imported(_archive(tmp_path / "a.zip", (zipfile.ZipInfo(name), files.png(2))))
    assert reasons(job) == {name.replace("\\", "/"): reason}
    assert outcomes(job)["good.png"] == "imported"


def test_links_in_archives_and_folders_are_not_followed(imported: Importer, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert reasons(imported(_archive(tmp_path / "a.zip", (link, b"/etc/passwd")))) == {
        "link.png": "It is a link, not a file."
    }
    outside = tmp_path / "outside.png"
    outside.write_bytes(files.png(3))
    root = files.folder(tmp_path / "pack", {"b.png": files.png(4)})
    (root / "link.png").symlink_to(outside)
    assert reasons(imported(root)) == {"link.png": "It is a link, not a file."}


def test_encrypted_members_are_refused(imported: Importer, tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.zip", (zipfile.ZipInfo("locked.png"), files.png(2)))
    raw = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.rindex(signature) + flags] |= 1
    path.write_bytes(raw)
    assert reasons(imported(path)) == {"locked.png": "It is encrypted."}


def test_absurd_compression_is_refused_unread(imported: Importer, tmp_path: Path) -> None:
    job = imported(_archive(tmp_path / "a.zip", (zipfile.ZipInfo("zeros.png"), bytes(20 * 2**20))))
    assert reasons(job) == {"zeros.png": "It unpacks to more than 200 times its size."}


def test_a_size_that_lies_does_not_help(tmp_path: Path) -> None:
    """The directory says ten bytes; no more than the limit is ever read."""
    lying = sources.File("a.png", 10, lambda: (tmp_path / "big").open("rb"))
    (tmp_path / "big").write_bytes(bytes(3_000))
    with pytest.raises(sources.Unreadable):
        lying.read(limit=2_000)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_first_is_taken(imported: Importer, tmp_path: Path) -> None:
    job = imported(_archive(tmp_path / "a.zip", (zipfile.ZipInfo("good.png"), files.png(2))))
    assert Sticker.objects.get().sha256 == sha256_of(files.png(1))
    assert outcomes(job) == {"good.png": "refused"} or Sticker.objects.count() == 1


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_that_are_not_marked_as_utf8_come_out_right(imported: Importer, tmp_path: Path, encoding: str) -> None:
    path = _archive(tmp_path / "a.zip", (zipfile.ZipInfo("xxxx.png"), files.png(2)))
    name = "好累".encode(encoding)
    placeholder = b"xxxx.png"
    raw = path.read_bytes()
    raw = raw.replace(placeholder, (name + b".png")[-8:].rjust(8, b"_")) if len(name) == 4 else raw
    path.write_bytes(raw)
    imported(path)
    expected = "好累.png" if len(name) == 4 else "xxxx.png"
    assert Sticker.objects.filter(name=expected).exists()


def test_a_damaged_member_does_not_end_the_import(imported: Importer, tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.zip", (zipfile.ZipInfo("bad.png"), files.png(2, 200)))
    raw = bytearray(path.read_bytes())
    start = raw.index(b"bad.png") + 60
    raw[start : start + 40] = bytes(40)
    path.write_bytes(raw)
    job = imported(path)
    assert outcomes(job) == {"good.png": "imported", "bad.png": "refused"}


def test_files_of_one_name_in_two_folders_both_come_in(imported: Importer, tmp_path: Path) -> None:
    imported(files.folder(tmp_path / "pack", {"x/a.png": files.png(1), "y/a.png": files.png(2)}))
    assert set(Sticker.objects.values_list("name", flat=True)) == {"x_a.png", "y_a.png"}


def test_a_path_that_is_nothing_to_import_fails_with_a_reason(imported: Importer, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("not a zip")
    for path in (tmp_path / "nowhere", tmp_path / "text.zip", files.folder(tmp_path / "e", {".hidden": b""})):
        path.exists() or None
        job = imported(path)
        assert job.state == "failed"
        assert job.error


# --- going on ---


def test_a_killed_import_goes_on_and_does_nothing_twice(pack: Pack, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def die_after_two(job: ImportJob, line: object) -> None:
        if job.n_done == 2:
            raise Killed

    queries_of = "sticker_id,labeled_queries\n" + "".join(f"{n}.png,query {n}\n" for n in range(5))
    pictures = {f"stickers/{n}.png": files.png(n) for n in range(5)}
    path = files.folder(tmp_path / "pack", {**pictures, "q_en.csv": queries_of.encode()})
    job = importing.start_import(actor=None, path=path, label="x", pack=pack, queue=False)
    with pytest.raises(Killed):
        jobs.carry_out(ImportJob, job.pk, lambda job: importing.run(job, die_after_two))
    assert Sticker.objects.count() == 2
    ImportJob.objects.filter(pk=job.pk).update(heartbeat_at=job.created_at - jobs.LOST_AFTER * 2)
    assert jobs.carry_out(ImportJob, job.pk, importing.run)
    job.refresh_from_db()
    assert (job.state, job.n_done, job.n_total, job.n_attempts) == ("done", 5, 5, 2)
    assert set(outcomes(job).values()) == {"imported"}
    assert Sticker.objects.count() == Query.objects.count() == 5


def test_a_dry_run_reports_the_same_and_writes_nothing(imported: Importer, pack: Pack, tmp_path: Path) -> None:
    lists = b'sticker_id,labeled_queries\nstill.png,"a, b"\ncopy.png,"b, c"\n'
    content = files.good() | files.hostile() | {"copy.png": files.good()["still.png"], "q_en.csv": lists}
    path = files.zipped(tmp_path / "mixed.zip", content)
    rehearsed = [(line.name, line.outcome, line.reason) for line in importing.rehearse(path, pack)]
    assert not Sticker.objects.exists()
    assert not ImportItem.objects.exists()
    assert not IndexChange.objects.exists()
    assert not any(path_of("").rglob("*.webp"))
    job = imported(path)
    assert rehearsed == list(job.items.order_by("pk").values_list("name", "outcome", "reason"))


def test_a_dry_run_of_the_studio_keeps_its_report(pack: Pack, tmp_path: Path) -> None:
    path = files.folder(tmp_path / "pack", {"a.png": files.png(1), "b.png": b""})
    job = importing.start_import(actor=None, path=path, label="x", pack=None, dry_run=True, queue=False)
    jobs.carry_out(ImportJob, job.pk, importing.run)
    assert outcomes(job) == {"a.png": "imported", "b.png": "refused"}
    assert not Sticker.objects.exists()


def test_a_new_pack_says_where_it_comes_from(db: None) -> None:
    with pytest.raises(Refused):
        importing.open_pack(slug="x", title="X", source="", licence="CC0")
    pack = importing.open_pack(slug="x", title="X", source="me", licence="CC0")
    assert importing.open_pack(slug="x", title="other", source="", licence="") == pack


def test_slugs_of_new_packs_are_free(pack: Pack) -> None:
    assert [importing.free_slug(title) for title in ("Shapes", "贴纸", "Other")] == ["shapes-2", "pack", "other"]


@given(st.data())
@hypothesis_settings(max_examples=80, deadline=None)
def test_a_damaged_file_is_decoded_or_refused_and_nothing_else(data: st.DataObject) -> None:
    name, content = data.draw(st.sampled_from(sorted(GOOD_FILES.items())))
    damaged = bytearray(content)
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=12)):
        damaged[place] = byte
    cut = data.draw(st.integers(1, len(content)))
    with contextlib.suppress(sources.Unreadable):
        prepare(name, bytes(damaged[:cut] if data.draw(st.booleans()) else damaged), store=False)


GOOD_FILES = files.good()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("contents.json", {"sticker_packs": [{"stickers": ["a.webp"]}]}),
        ("contents.json", {"sticker_packs": 7}),
        ("pack.json", ["not", "a", "pack"]),
        ("list.json", {"sticker": "a.png"}),
    ],
)
def test_a_list_of_another_build_is_named(imported: Importer, tmp_path: Path, name: str, content: object) -> None:
    lists = {name: json.dumps(content).encode()}
    job = imported(files.folder(tmp_path / "pack", {"a.png": files.png(1), **lists}))
    assert outcomes(job) == {"a.png": "imported", name: "refused"}
