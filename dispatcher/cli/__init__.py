"""The command line, for people and for tools: `dispatcher`, also `python -m dispatcher`.

program      the commands by group, loaded when they are needed
options      what every command takes: -c and -o
faults       exceptions to sentences and exit codes
tables       JSON documents as tables for people
times        instants as people give and read them
mirrored     what the commands look things up in: the mirror and the hopper
signals      stopping in order

The rest is a module for each command. They import what they need when they run, so that help and completion are quick.
"""

from dispatcher.cli.program import main

__all__ = ["main"]
