Feature: Functions and operators of strings

  Scenario Outline: [1] What they give
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    @source:cypher/functions/string#functions-ltrim
    Examples:
      | call | result |
      | ltrim('   hello') | 'hello' |
      | ltrim('xxyyhelloxyxy', 'xy') | 'helloxyxy' |
      | ltrim('hello', null) | null |
      | ltrim(null, ' ') | null |

    @source:cypher/functions/string#functions-rtrim
    Examples:
      | call | result |
      | rtrim('hello   ') | 'hello' |
      | rtrim('xxyyhelloxyxy', 'xy') | 'xxyyhello' |
      | rtrim(null, null) | null |

    @source:cypher/functions/string#functions-btrim
    Examples:
      | call | result |
      | btrim('   hello    ') | 'hello' |
      | btrim('xxyyhelloxyxy', 'xy') | 'hello' |
      | btrim('hello', null) | null |

    @source:cypher/functions/string#functions-trim
    Examples:
      | call | result |
      | trim('   hello   ') | 'hello' |
      | trim(BOTH 'x' FROM 'xxxhelloxxx') | 'hello' |
      | trim(LEADING 'x' FROM 'xxxhelloxxx') | 'helloxxx' |
      | trim(TRAILING 'x' FROM 'xxxhelloxxx') | 'xxxhello' |
      | trim('x' FROM 'xxxhelloxxx') | 'hello' |
      | trim(BOTH FROM '  a ') | 'a' |
      | trim(LEADING FROM '  a ') | 'a ' |
      | trim(trailing from '  a ') | '  a' |
      | trim(null) | null |
      | trim(null FROM 'hello') | null |
      | trim(' ' FROM null) | null |
      | trim(BOTH null FROM null) | null |
      | trim(BOTH 'xy' FROM 'xyhixy') \|\| '!' | 'hi!' |

    @source:cypher/functions/string#functions-normalize
    Examples:
      | call | result |
      | normalize('\\u212B') = '\\u00C5' | true |
      | normalize('\\uFE64', NFKC) = '\\u003C' | true |
      | normalize('\\u03D3', NFD) = '\\u03D2\\u0301' | true |
      | normalize('\\u03D3', nfkd) = '\\u03A5\\u0301' | true |
      | normalize('\\u03D3', NFC) = '\\u03D3' | true |
      | normalize(null) | null |
      | normalize(null, NFC) | null |

    @source:cypher/expressions/predicates/string-operators#normalized
    Examples:
      | call | result |
      | 'the \\u212B char' IS NORMALIZED | false |
      | 'the \\u212B char' IS NOT NORMALIZED | true |
      | 'the \\u00E4 char' IS NFC NORMALIZED | true |
      | 'the \\u00E4 char' IS NFD NORMALIZED | false |
      | 'the \\u00E4 char' IS NOT NFD NORMALIZED | true |
      | 'abc' IS NFKC NORMALIZED AND 'abc' IS NFKD NORMALIZED | true |
      | 1 IS NORMALIZED | null |
      | null IS NORMALIZED | null |
      | 1 IS NOT NFC NORMALIZED | null |

    @source:cypher/functions/string#functions-replace
    Examples:
      | call | result |
      | replace('hello', 'l', 'w') | 'hewwo' |
      | replace('hello', 'l', 'w', 1) | 'hewlo' |
      | replace('hello', 'l', 'w', 0) | 'hello' |
      | replace('hello', null, 'w') | null |
      | replace('hello', 'l', 'w', null) | null |

    @source:cypher/functions/string
    Examples:
      | call | result |
      | string.indexOf('hello', 'l') | 2 |
      | string.indexOf('héllo', 'l') | 2 |
      | string.indexOf('hello', 'z') | -1 |
      | string.indexOf(null, 'z') | null |
      | string.join(['a', 'b', 'c'], ', ') | 'a, b, c' |
      | string.join([], ', ') | '' |
      | string.join(null, ', ') | null |
      | string.join(['a', null], ', ') | null |

  Scenario Outline: [2] Arguments of a wrong type
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a TypeError should be raised at runtime: InvalidArgumentValue

    @source:cypher/functions/string
    Examples:
      | call |
      | ltrim($n) |
      | rtrim('a', $n) |
      | trim(BOTH $n FROM 'a') |
      | normalize($n) |
      | string.indexOf('a', $n) |
      | string.join([$n], ',') |
      | replace('a', 'b', 'c', 'd') |

  Scenario Outline: [3] What is not written so
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

    @source:cypher/functions/string#functions-trim
    Examples:
      | call |
      | trim(BOTH 'x', 'y') |
      | trim(BOTH 'x') |
      | ltrim(BOTH 'x' FROM 'y') |
      | size(LEADING FROM 'y') |

    @source:cypher/functions/string#functions-normalize
    Examples:
      | call |
      | normalize('a', NFX) |

  # The words are no more reserved than others.
  @source:definition
  Scenario: [4] Words of these forms as names
    Given an empty graph
    When executing query:
      """
      WITH 'b' AS both, 'l' AS leading, {trailing: 't'} AS from, 'n' AS normalized, 'c' AS nfc
      RETURN trim(both) AS b, trim(leading) AS l, trim(from.trailing) AS t, trim(both + leading) AS bl, trim(normalized) || nfc AS n
      """
    Then the result should be, in any order:
      | b   | l   | t   | bl   | n    |
      | 'b' | 'l' | 't' | 'bl' | 'nc' |
    And no side effects
