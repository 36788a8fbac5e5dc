"""Names that hosts keep for pages of their own, so that no owner or repository bears them."""

from __future__ import annotations

# Collected from the hosts' own menus, site maps and sign-up errors. Where a name is doubtful it stands here:
# a page is judged by what it answers, while an owner that never was would be called missing.
_GITHUB_PAGES = """
    about account advanced-security apps auth billing blog business cache captcha careers case-studies
    codespaces collections comments contact copilot customer-stories dashboard discussions education
    enterprise enterprises events explore features fluidicon.png git-guides github-copilot home images
    importer integrations issues join login logout marketplace mcp mobile models mirrors network new
    newsletter newsroom nonprofit notifications open-source organizations orgs pages partners
    password_reset personal premium-support pricing projects pulls readme resources search security
    session sessions settings shop signin signup site solutions spark sponsors stars static status
    stories styleguide suggestions support team teams terms topics tos trending trust-center user users
    watching why-github wiki
"""
_GITHUB_OWNER_PAGES = "followers following repositories"

_HUB_PAGES = """
    about activity agents api assistants avatars blog brand buckets careers changelog chat
    code-of-conduct collections contact content-guidelines content-policy course datasets docs education
    endpoints enterprise expert-acceleration-program favicon.ico front hardware hub inference
    inference-api inference-endpoints inference-providers infinity jobs join kernels landing languages
    leaderboards learn login logout mcp metrics models new new-dataset new-space notifications oauth
    organizations papers philosophy pipelines platform playground posts pricing privacy pro reports
    resolve-cache robots.txt search security settings shop signup sitemap.xml spaces startups static
    storage subscribe support tasks terms-of-service tos trending welcome
"""
_HUB_OWNER_PAGES = """
    activity articles buckets collections datasets followers following kernels likes models organizations
    papers posts spaces storage upvotes
"""
_HUB_REPO_VIEWS = "tree blob raw resolve blame edit commit commits discussions viewer embed"

GITHUB_PAGES = frozenset(_GITHUB_PAGES.split())
"""First path segments of github.com that are no owner."""
GITHUB_OWNER_PAGES = frozenset(_GITHUB_OWNER_PAGES.split())
"""Second segments under an owner that are no repository."""
GITHUB_PATH_VIEWS = frozenset({"tree", "blob", "raw", "blame", "edit"})
"""Third segments under a repository after which a ref and a path follow."""
HUB_PAGES = frozenset(_HUB_PAGES.split())
"""First path segments of huggingface.co that are no owner."""
HUB_OWNER_PAGES = frozenset(_HUB_OWNER_PAGES.split())
"""Second segments under an owner that are no model."""
HUB_REPO_VIEWS = frozenset(_HUB_REPO_VIEWS.split())
"""Segments under a repository that show a part of it."""
