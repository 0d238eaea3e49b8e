"""Are a wheel's tags and claims true? Of one module over its bytes; :mod:`.wheel` asks it of a whole file."""
