"""Which servers there are: this one's place among others, and what it knows of them (R34).

`instances` are the values, `membership` is what the composition root holds, `consul/` keeps it on a list that
all servers of a group share. Must not know what servers do for people: a server that is on no list serves as well.
"""
