"""The WebSocket of Alibaba's DashScope protocol for speech: Sambert's whole texts and CosyVoice's texts in pieces."""
