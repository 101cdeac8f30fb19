"""What installed packages may add: storage adapters and permission hooks (R33).

A plugin is an entry point of the group `whiteboard.storage` or `whiteboard.permissions`. Its name is what the settings `mode` and
`permissions` choose it by; none is imported before that. It resolves to an object, which may be a module, with two
attributes: `interface`, the number of the interface that it was written for, and `configure`, which is given the plugin's options
and returns how to open it.

`storage` and `permissions` are the two interfaces, as promises and values; `options` reads what a plugin is given; `loading` finds
and opens plugins; `asking` and `guard` stand between the rooms and the hooks: deadlines, isolation, counts.
"""
