"""Markdown as a page of HTML that needs no other file, in the look of the figures."""

from html import escape

from markdown_it import MarkdownIt

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light; }}
body {{ max-width: 60rem; margin: 0 auto; padding: 1rem 1.5rem 2rem; background: #fff; color: #000;
  font: 15px/1.5 "DejaVu Sans", Verdana, sans-serif; }}
h1 {{ font-size: 1.4rem; }}
h2 {{ font-size: 1.1rem; margin-top: 1.5rem; }}
table {{ border-collapse: collapse; font-size: 0.9rem; }}
th {{ text-align: left; border-bottom: 1px solid #000; }}
th, td {{ padding: 0.3rem 1rem 0.3rem 0; vertical-align: top; }}
tr {{ border-bottom: 1px solid #ddd; }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def page(text: str) -> str:
    """A page; its title is the first heading. HTML in the text is shown, not followed."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    title = next((line.lstrip("# ") for line in text.splitlines() if line.startswith("# ")), "")
    return PAGE.format(title=escape(title), body=reader.render(text))
