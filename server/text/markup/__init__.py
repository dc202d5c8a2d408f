"""Client text (plain, inline markup, SSML) -> a script: characters, each with its speaking style."""
