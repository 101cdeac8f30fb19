"""The debt board: what the project owes itself, ranked by what it has cost lately and what paying it takes.

`items` reads `debt/*.yaml` and `incidents/*.yaml`, `reach` says which modules feel a change of another, `risk` weighs
the incidents, `board` ranks, `report` writes the board for people and programs.
"""
