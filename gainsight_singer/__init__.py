"""What both connectors are to the Singer SDK: settings by environment, errors as one line."""
