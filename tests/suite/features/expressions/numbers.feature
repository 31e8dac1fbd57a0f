Feature: Functions of numbers

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

    @source:cypher/functions/mathematical-numeric#functions-round
    Examples:
      | call | result |
      | round(3.141592) | 3.0 |
      | round(-1.5) | -1.0 |
      | round(3.141592, 3) | 3.142 |
      | round(-1.5, 0) | -1.0 |
      | round(-1.55, 1) | -1.6 |
      | round(2.5, 0) | 3.0 |
      | round(3.141592, 2.0) | 3.14 |
      | round(null) | null |
      | round(1.5, null) | null |
      | round(1.5, 0, null) | null |
      | round(2.675, 2) | 2.68 |
      | round(1.005, 2) | 1.01 |
      | round(7, 2) | 7.0 |

    @source:cypher/functions/mathematical-numeric#functions-round3
    Examples:
      | call | result |
      | [x IN [1.249, -1.251, 1.25, -1.35] \| round(x, 1, 'UP')] | [1.3, -1.3, 1.3, -1.4] |
      | [x IN [1.249, -1.251, 1.25, -1.35] \| round(x, 1, 'DOWN')] | [1.2, -1.2, 1.2, -1.3] |
      | [x IN [1.249, -1.251, 1.25, -1.35] \| round(x, 1, 'CEILING')] | [1.3, -1.2, 1.3, -1.3] |
      | [x IN [1.249, -1.251, 1.25, -1.35] \| round(x, 1, 'FLOOR')] | [1.2, -1.3, 1.2, -1.4] |
      | [x IN [1.249, -1.251, 1.25, -1.35] \| round(x, 1, 'HALF_UP')] | [1.2, -1.3, 1.3, -1.4] |
      | [x IN [1.249, -1.251, 1.25, -1.35] \| round(x, 1, 'HALF_DOWN')] | [1.2, -1.3, 1.2, -1.3] |
      | [x IN [1.249, -1.251, 1.25, -1.35] \| round(x, 1, 'HALF_EVEN')] | [1.2, -1.3, 1.2, -1.4] |
      | round(-1.5, 0, 'HALF_UP') | -2.0 |
      | round(2.5, 0, 'half_even') | 2.0 |

    @source:gql/20.22-numeric-value-function
    Examples:
      | call | result |
      | mod(7, 3) | 1 |
      | mod(-7, 3) | -1 |
      | mod(7.5, 2) | 1.5 |
      | mod(null, 2) | null |

    @source:cypher/functions/mathematical-logarithmic
    Examples:
      | call | result |
      | ln(e()) | 1.0 |
      | log(1) | 0.0 |
      | log10(1000) | 3.0 |
      | sqrt(256) | 16.0 |
      | exp(0) | 1.0 |
      | ln(null) | null |
      | sqrt(-1) = sqrt(-1) | false |

    @source:cypher/functions/mathematical-numeric
    Examples:
      | call | result |
      | isNaN(0/0.0) | true |
      | isNaN(1) | false |
      | isNaN(null) | null |
      | sign(-17) | -1 |
      | sign(0.1) | 1 |
      | sign(0) | 0 |
      | ceil(0.1) | 1.0 |
      | ceiling(0.1) | 1.0 |
      | floor(0.9) | 0.0 |
      | abs(-3) | 3 |
      | abs(-3.5) | 3.5 |

    @source:cypher/functions/mathematical-trigonometric
    Examples:
      | call | result |
      | round(cot(0.5), 6) | 1.830488 |
      | haversin(pi()) | 1.0 |
      | round(degrees(3.14159), 5) | 179.99985 |
      | round(radians(180), 5) | 3.14159 |
      | round(cosh(0.7), 6) | 1.255169 |
      | round(coth(0.7), 6) | 1.654622 |
      | atan2(0, 1) | 0.0 |
      | acos(2) = acos(2) | false |
      | tanh(null) | null |

  Scenario Outline: [2] Arguments of a wrong type
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a TypeError should be raised at runtime: InvalidArgumentValue

    @source:cypher/functions/mathematical-numeric
    Examples:
      | call |
      | round('a') |
      | round($n, 'a') |
      | round($n, 1.5) |
      | round($n, 1, 2) |
      | isNaN('a') |
      | mod($n, 'a') |

  Scenario Outline: [3] Arguments out of range
    Given an empty graph
    And parameters are:
      | n | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a ArgumentError should be raised at runtime: NumberOutOfRange

    @source:cypher/functions/mathematical-numeric#functions-round
    Examples:
      | call |
      | round($n, -1) |
      | round($n, 1, 'SIDEWAYS') |

  @source:cypher/expressions/mathematical-operators
  Scenario: [4] No rest of a division by zero
    Given an empty graph
    When executing query:
      """
      UNWIND [0] AS z RETURN mod(7, z) AS x
      """
    Then a ArithmeticError should be raised at runtime: DivisionByZero
