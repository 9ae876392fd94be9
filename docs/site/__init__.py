"""The documentation site: pages of this checkout, reference pages from the data, and MkDocs.

``python -m docs.site FOLDER`` writes ``FOLDER/source`` and builds ``FOLDER/html``; a link that
leads nowhere within the site stops it. No address outside is fetched.
"""
