@source:cypher/expressions/string-operators
Feature: || - joining strings and lists

  Scenario Outline: [1] What it gives
    Given an empty graph
    When executing query:
      """
      RETURN <expr> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    Examples:
      | expr                          | result          |
      | 'a' \|\| 'b'                  | 'ab'            |
      | 'a' \|\| 'b' \|\| 'c'         | 'abc'           |
      | [1] \|\| [2, 3]               | [1, 2, 3]       |
      | [] \|\| []                    | []              |
      | 'a' \|\| null                 | null            |
      | null \|\| [1]                 | null            |
      | 'a' \|\| 'b' = 'ab'           | true            |
      | size([1] \|\| [2])            | 2               |
      | [x IN ['a'] \| x \|\| '!']    | ['a!']          |
      | reduce(s = '', x IN ['a', 'b'] \| s \|\| x) | 'ab' |

  Scenario Outline: [2] Operands of a wrong type, known before
    Given an empty graph
    When executing query:
      """
      RETURN <expr> AS x
      """
    Then a SyntaxError should be raised at compile time: InvalidArgumentType

    Examples:
      | expr           |
      | 1 \|\| 2       |
      | 'a' \|\| 1     |
      | 'a' \|\| [1]   |
      | [1] \|\| 'a'   |
      | true \|\| true |

  Scenario Outline: [3] Operands of a wrong type, found out while running
    Given an empty graph
    And parameters are:
      | x | <x> |
    When executing query:
      """
      RETURN 'a' || $x AS x
      """
    Then a TypeError should be raised at runtime: InvalidArgumentType

    Examples:
      | x    |
      | 1    |
      | [1]  |
      | true |

  Scenario: [4] Labels and paths of one pattern still have their one bar
    Given an empty graph
    And having executed:
      """
      CREATE (:A {v: 'x'})-[:R]->(:B {v: 'y'})
      """
    When executing query:
      """
      MATCH (a:A|B)-[:R|S]->(b) RETURN a.v || b.v AS v, [(a)-[:R]->(c) | a.v || c.v] AS w
      """
    Then the result should be, in any order:
      | v    | w      |
      | 'xy' | ['xy'] |
    And no side effects
