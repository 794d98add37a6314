"""HTTP: one file an audience. `site` is what every handler needs, `endpoint` what each declares."""
