"""The policies that come with the service, one folder each; README.md is the format's page."""
