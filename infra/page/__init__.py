"""Builds the console's page: from `lambdas/console/page/` into `lambdas/console/static/`, which is not committed."""
