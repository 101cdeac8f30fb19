"""What is told of servers, and a server that has no others."""

import msgspec

from whiteboard.cluster.instances import Health, Instance
from whiteboard.cluster.membership import AgentState, Alone, Listed, View, report

OWN = Instance(name="a:1", address="10.0.0.1:1", mode="redis", version="1.2", since=5, tags=("redis",))
OTHER = Instance(name="b:1", address="10.0.0.2:1", mode="", version="", since=None, health=Health.CRITICAL)


async def test_a_server_without_consul_is_alone() -> None:
    """It knows itself, there is no list, and leaving is done at once. [CLU-2] [CLU-3]"""
    alone = Alone(OWN)
    await alone.leave()
    told = report(alone.view(), {"sessions": 3, "boards": 2})
    assert told == {
        "instance": {
            "name": "a:1",
            "address": "10.0.0.1:1",
            "mode": "redis",
            "version": "1.2",
            "since": 5,
            "tags": ["redis"],
            "health": None,
            "sessions": 3,
            "boards": 2,
        },
        "others": [],
        "consul": None,
    }


def test_a_report_is_json() -> None:
    """With the others, and how far what is known of them is to be trusted. [CLU-2] [CLU-3]"""
    listed = Listed(agent=AgentState.AWAY, is_registered=True, age=1.23456)
    told = report(View(own=OWN, others=(OTHER,), listed=listed), {})
    again = msgspec.json.decode(msgspec.json.encode(told))
    assert again["others"] == [
        {
            "name": "b:1",
            "address": "10.0.0.2:1",
            "mode": "",
            "version": "",
            "since": None,
            "tags": [],
            "health": "critical",
        }
    ]
    assert again["consul"] == {"agent": "away", "registered": True, "age": 1.235}
    never = Listed(agent=AgentState.UNKNOWN, is_registered=False, age=None)
    assert report(View(own=OWN, listed=never), {})["consul"]["age"] is None
