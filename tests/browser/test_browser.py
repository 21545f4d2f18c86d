"""The browser that the other tests look with: it sees errors, requests and faults."""

from __future__ import annotations


def test_errors_requests_and_faults_of_a_page_are_seen(open_page, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        '<html lang="en"><title>t</title><img src="https://example.com/x.png"><input>'
        "<script>throw new Error('mine')</script></html>"
    )
    bad = open_page(page.as_uri())
    assert any("mine" in said for said in bad.complaints)
    assert bad.asked == ["https://example.com/x.png"]
    assert any(fault.startswith("image-alt") for fault in bad.faults())


def test_a_page_without_faults_has_none(open_page, tmp_path):
    page = tmp_path / "good.html"
    page.write_text('<html lang="en"><title>t</title><main><h1>All is well</h1></main></html>')
    good = open_page(page.as_uri(), size="phone")
    assert good.complaints == []
    assert good.asked == []
    assert good.faults() == []
    assert good.page.viewport_size == {"width": 390, "height": 844}
