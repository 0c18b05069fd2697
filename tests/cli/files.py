"""Definitions files for the tests of the command line."""

GOOD = """\
format: 1
flags:
  new_checkout:
    allowlist: [user_internal1]
    rules:
      - if: {plan: [pro, team], age: {gt: 20}}
    percentage: 10
  banner:
    variants: {plain: "#444", loud: "#f60"}
    split: {plain: 90, loud: 10}
"""
BAD = """\
format: 1
flags:
  new_checkout:
    percentage: 110
  banner:
    enabld: true
routes:
  - {path_prefix: /, upstream: app}
  - {path_prefix: /never, upstream: app}
"""
UNREACHABLE = """\
format: 1
routes:
  - {path_prefix: /, upstream: app}
  - {path_prefix: /never, upstream: app}
"""
