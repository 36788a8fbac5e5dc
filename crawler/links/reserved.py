"""Names that hosts keep for pages of their own, so that no owner or repository bears them."""

from __future__ import annotations

# Collected from the hosts' menus, checked against https://github.com/Mottie/github-reserved-names.
# A doubtful name stands here unless it is known to own repositories, as `integrations` and `education` do:
# a page is judged by what it answers, while an owner that never was would be called missing.
_GITHUB_PAGES = """
    about account apps auth billing blog business cache case-studies changelog codespaces collections
    comments contact copilot customer-stories dashboard developer discussions edu enterprise enterprises
    events explore features fluidicon.png git-guides github-copilot help home images issues jobs join
    login logout mac marketplace mcp mirrors mobile models network new newsletter newsroom nonprofit
    notifications open-source organizations orgs pages partners password_reset personal plans
    premium-support press pricing projects pulls readme repositories resources search security session
    sessions settings shop showcases signin signup site solutions spark sponsors stars static status
    stories styleguide suggestions support team teams terms topics tos trending trust-center users
    watching why-github wiki windows works-with
"""
_GITHUB_OWNER_PAGES = "followers following repositories"

_HUB_PAGES = """
    about api assistants avatars blog brand buckets changelog chat code-of-conduct collections contact
    content-guidelines content-policy course datasets docs endpoints enterprise
    expert-acceleration-program favicon.ico hardware inference inference-api inference-endpoints
    inference-providers infinity jobs join kernels languages leaderboards learn login logout mcp metrics
    models new new-dataset new-space notifications oauth organizations papers philosophy pipelines
    playground posts pricing privacy pro resolve-cache robots.txt search security settings shop signup
    sitemap.xml spaces storage support tasks terms-of-service tos trending
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
