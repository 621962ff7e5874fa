"""Rolling from one release to the next, and back: nobody is let down, whichever of them is at work."""
