"""The ops room: real processes started, watched and ended by a real supervisor."""
