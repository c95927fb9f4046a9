"""Status for the operator: the last runs, why one failed, unreadable catalogues, notices.

In: the end of a run (``orchestration.runs.reports``). Out: small JSON files, webhooks, mails; read by ``footfall
doctor`` and the API's ``/metrics``. May import: everything of ``footfall`` but its commands and importers.
"""
