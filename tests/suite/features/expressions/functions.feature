Feature: Functions

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

    @source:cypher/functions/list
    Examples:
      | call                                           | result                |
      | toIntegerList(['1', 2.9, true, 'x', null])     | [1, 2, 1, null, null] |
      | toFloatList(['1.5', 2, 'x', [1]])              | [1.5, 2.0, null, null] |
      | toBooleanList(['true', 'FALSE', 1, 'x'])       | [true, false, true, null] |
      | toStringList([1, 2.5, true, 'a', [1]])         | ['1', '2.5', 'true', 'a', null] |
      | toIntegerList(null)                            | null                  |
      | toIntegerList([])                              | []                    |
      | reduce(s = 0, x IN [1, 2, 3] \| s + x)         | 6                     |
      | reduce(s = '', x IN ['a', 'b'] \| s + x)       | 'ab'                  |
      | head([])                                       | null                  |
      | tail([1, 2, 3])                                | [2, 3]                |
      | isEmpty([])                                    | true                  |

    @source:cypher/functions/string
    Examples:
      | call                              | result          |
      | split('one,two', ',')             | ['one', 'two']  |
      | split('a,b;c', [',', ';'])        | ['a', 'b', 'c'] |
      | split('a--b-c', ['--', '-'])      | ['a', 'b', 'c'] |
      | split('', ',')                    | ['']            |
      | split(null, ',')                  | null            |
      | btrim('xxaxx', 'x')               | 'a'             |
      | left('hello', 3)                  | 'hel'           |
      | replace('hello', 'l', 'w')        | 'hewwo'         |
      | reverse('abc')                    | 'cba'           |
      | size(randomUUID())                | 36              |
      | 'abc' =~ 'a.*'                    | true            |
      | 'abc' =~ 'b'                      | false           |

    @source:cypher/functions/mathematical-trigonometric
    Examples:
      | call                    | result |
      | sinh(0)                 | 0.0    |
      | cosh(0)                 | 1.0    |
      | tanh(0)                 | 0.0    |
      | coth(null)              | null   |
      | haversin(0)             | 0.0    |

    @source:gql/20.22-numeric-value-function
    Examples:
      | call                    | result |
      | ceiling(0.1)            | 1.0    |
      | ln(1)                   | 0.0    |
      | power(2, 10)            | 1024.0 |
      | power(2, null)          | null   |
      | cardinality([1, 2])     | 2      |
      | byte_length('é')        | 2      |
      | octet_length('é')       | 2      |
      | char_length('é')        | 1      |

  @source:cypher/functions/scalar#functions-randomuuid
  Scenario: [2] Each UUID is another
    Given an empty graph
    When executing query:
      """
      UNWIND range(1, 100) AS i WITH randomUUID() AS u
      RETURN count(DISTINCT u) AS n, min(u =~ '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}') AS ok
      """
    Then the result should be, in any order:
      | n   | ok   |
      | 100 | true |
    And no side effects

  @source:cypher/functions/aggregating
  Scenario: [3] Percentiles and deviations, by both names
    Given an empty graph
    When executing query:
      """
      UNWIND [10, 20, 30] AS x
      RETURN percentileCont(x, 0.4) AS a, percentileDisc(x, 0.5) AS b, stDev(x) AS c,
        percentile_cont(x, 0.4) AS d, percentile_disc(x, 0.5) AS e, stddev_samp(x) AS f, collect_list(x) AS g
      """
    Then the result should be, in any order:
      | a    | b  | c    | d    | e  | f    | g            |
      | 18.0 | 20 | 10.0 | 18.0 | 20 | 10.0 | [10, 20, 30] |
    And no side effects

  Scenario Outline: [4] Arguments of a wrong type
    Given an empty graph
    And parameters are:
      | x | 5 |
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a TypeError should be raised at runtime: InvalidArgumentValue

    @source:cypher/functions/list
    Examples:
      | call              |
      | toIntegerList($x) |
      | toStringList($x)  |

    @source:cypher/functions/string
    Examples:
      | call             |
      | split('a', $x)   |
      | split('a', [$x]) |
      | byte_length($x)  |

    @source:gql/20.22-numeric-value-function
    Examples:
      | call           |
      | power($x, 'a') |

  Scenario Outline: [5] A wrong number of arguments
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then a SyntaxError should be raised at compile time: InvalidNumberOfArguments

    @source:opencypher/functions
    Examples:
      | call          |
      | randomUUID(1) |
      | power(1)      |
      | ceiling()     |

  @source:opencypher/aggregation
  Scenario Outline: [6] What is random is not aggregated
    Given an empty graph
    When executing query:
      """
      RETURN count(<call>) AS x
      """
    Then a SyntaxError should be raised at compile time: NonConstantExpression

    Examples:
      | call         |
      | rand()       |
      | randomUUID() |
