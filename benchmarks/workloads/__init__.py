"""What is measured of every peer alike, a workload a module.

`workload` the port: `Workload.measure` gives one round's figures of one peer, `Column`s say how they are shown
`fan_out`  one room: the highest load held, and what happens beyond it
`light`    ten people who draw at leisure: latency
`rooms`    a hundred small rooms at once

A new workload is a subclass in a module of its own and an entry in `ALL`.
"""

from typing import Final

from benchmarks.workloads.fan_out import FanOut
from benchmarks.workloads.light import Light
from benchmarks.workloads.rooms import Rooms
from benchmarks.workloads.workload import Workload

ALL: Final[tuple[Workload, ...]] = (FanOut(200), FanOut(50), FanOut(10), Light(), Rooms())
WORKLOADS: Final = {workload.name: workload for workload in ALL}
