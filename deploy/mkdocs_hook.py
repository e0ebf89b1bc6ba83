"""Brings files of the repository that the guide links to (the conf's reference, the changelog, examples) into the site that MkDocs builds.
The pages themselves link to them where they stand, so that they read well unbuilt."""
import os
import posixpath
import re

from mkdocs.structure.files import File

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GUIDE = "deploy/guide/"
LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
stands_at = {}  # a file of the site -> where it stands in the repository


def on_files(files, config):
    wanted = set()
    for page in files.documentation_pages():
        stands_at[page.src_uri] = GUIDE + page.src_uri
        with open(page.abs_src_path, encoding="utf-8") as f:
            for _, target, _ in LINK.findall(f.read()):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(GUIDE + page.src_uri), target))
                if "://" not in target and not path.startswith(GUIDE) and os.path.isfile(os.path.join(ROOT, path)):
                    wanted.add(path)
    for path in sorted(wanted):
        stands_at["repository/" + path] = path
        files.append(File.generated(config, "repository/" + path, abs_src_path=os.path.join(ROOT, path)))
    return files


def on_page_markdown(markdown, page, config, files):
    here = page.file.src_uri

    def point(found):
        words, target, anchor = found.groups()
        if "://" in target:
            return found.group(0)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(stands_at[here]), target))
        there = path.removeprefix(GUIDE) if path.startswith(GUIDE) else "repository/" + path
        if files.get_file_from_path(there) is None:
            return words  # a folder, or a file that only such a file links to
        return f"[{words}]({posixpath.relpath(there, posixpath.dirname(here) or '.')}{anchor or ''})"

    return LINK.sub(point, markdown)
