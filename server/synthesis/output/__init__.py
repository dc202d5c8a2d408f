"""What is added to the audio of a text before it leaves."""
