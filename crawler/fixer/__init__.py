"""What a crawl learned → the document: moved links put right in place, archived copies proposed."""

from crawler.fixer.fix import Change, FileFix, Proposal, fix_content

__all__ = ["Change", "FileFix", "Proposal", "fix_content"]
