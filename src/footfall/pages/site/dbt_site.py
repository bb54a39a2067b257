"""dbt's own static page, made part of this site: it can ask for nothing, and leads back."""

from __future__ import annotations

from footfall.lineage.project import SiteError

_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    'img-src data:; font-src data:">'
)
# What the page would report its visitors to, if it were configured, and an icon that is not there.
_TAKEN_OUT = (
    "//d1fc8wv8zag5ca.cloudfront.net/2.9.0/sp.js",
    "fishtownanalytics.sinter-collect.com",
    '<link rel="shortcut icon" href="${require(\'./assets/favicons/favicon.ico\')}"/>',
    '<link rel="canonical" href="/overview/"/>',
)
# Icons that the browser looks up before their names are filled in, one console error each.
_ICON, _LATE_ICON = 'xlink:href="{{ getIcon', 'ng-attr-href="{{ getIcon'
_WAY_BACK = (
    '<a href="index.html" style="position:fixed;left:0;bottom:0;z-index:2000;padding:4px 12px;'
    "background:#1f5f99;color:#fff;font:13px/1.6 system-ui,sans-serif;border-radius:0 6px 0 0;"
    'text-decoration:none">Footfall: start page</a>'
)


def made_ours(page: str) -> str:
    """Return the page without trackers, with a policy against requests and a link to the start.

    Raises
    ------
    SiteError
        This is not the page that dbt writes.
    """
    head, body = '<meta charset="utf-8">', "<body>"
    if page.count(head) < 1 or body not in page:
        raise SiteError("The page that dbt wrote is not as expected: no head or body was found.")
    for text in _TAKEN_OUT:
        page = page.replace(text, "")
    page = page.replace(_ICON, _LATE_ICON)
    page = page.replace(head, head + _POLICY, 1)
    place = page.index(body, page.rindex("</script>")) + len(body)
    return page[:place] + _WAY_BACK + page[place:]
