"""JsonLogic as flagd has it, compiled into closures that end in bounded time.

Source: Jeremy Wadhams, 2015, JsonLogic (jsonlogic.com), with the operators of flagd (flagd.dev).
"""
