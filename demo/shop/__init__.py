"""Alder & Tarn: the demo's shop front. Server-rendered, no framework in the browser, wired to the pixel and the API."""
