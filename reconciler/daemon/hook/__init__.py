"""`POST /hook`: a forge, or a hook of git's own, says that something was pushed, and the loop looks at once.

It only wakes. What is fetched is what the remote has; of a request's body nothing is believed but which
repository and branch to look at. So a request that is sent again costs a look, and changes nothing.
"""
