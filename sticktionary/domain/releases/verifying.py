"""Making a release again from the facts, and comparing it with its folder, byte by byte."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases import freezing
from sticktionary.domain.releases.sums import Difference, compare, spoiled, sums_in, sums_of
from sticktionary.models import Release


def verify(*, number: int, into: Path) -> list[Difference]:
    """Make the release again in a folder that is not there yet; what is different, also in its own folder."""
    release = Release.objects.filter(number=number).first()
    if release is None:
        raise Refused("no_such_release", _("There is no release %(number)s.") % {"number": number})
    into.mkdir(parents=True)
    data = freezing.write_data(into, release, lambda n: None)
    freezing.write_around(into, release, number, data)
    return [*spoiled(release), *compare(sums_of(release), sums_in(into))]
