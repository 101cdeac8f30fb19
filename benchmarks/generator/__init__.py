"""The load generator of the comparison with peers: everybody who draws, in one thread on epoll.

`marks`   the mark that every op carries, and the small stroke op itself
`wire`    client frames, the opening handshake, taking frames apart
`clients` two kinds of clients: those that only count marks, and probes that check and time every op
`hall`    all clients of one server: seats them, plays a plan of ops, says what came and what it cost
`plans`   who sends which op when

A workload opens a peer's server (`benchmarks.peers`), seats a `Hall` in it and plays `Plan`s:

    with peer.serve() as server, Hall.seated(server, peer, rooms=1, clients=50) as hall:
        played = hall.play(Plan.at_rate(hall, ops_per_second=500, seconds=2.0, seed=1))
        played.deliveries_per_second, played.p99_ms, played.cpu_per_million, played.faults

Deliveries are ops counted at receivers other than the author, for every peer alike.
"""
