"""Client text (plain text, inline markup, SSML) -> a script: characters, each with its speaking style."""
