"""A stand-in for GitHub, Hugging Face, arXiv, the archives and any other web host, on loopback only.

All it says is made up: names come from whoever asks, everything told about them is invented from a hash of
the name and a seed. The tests drive the real client libraries against it, `crawler demo` crawls it.

    world = World(seed=1)
    world.web.fates["https://example.org/"] = Fate.PARKED
    world.faults["api.github.com"] = faults.status(502, times=2)
    with run_in_thread(world) as sandbox:
        httpx.get(sandbox.origin("https://example.org/"))                  # as origin
        subprocess.run(["crawler", "run"], env=sandbox.environment())      # as proxy
        with lead_connections(sandbox): ...                                # without either
    assert world.requests_by_host() == {...}

Where things are: `server` the addresses and the life of a sandbox, `connection` HTTP/1.1, `authority` the
certificates, `world` what all hosts answer, `faults` what goes wrong, `direct` life without a proxy; one
module per service, and `web` with `web_pages` for everybody else; `limits` the real hosts' rate limits.
"""
