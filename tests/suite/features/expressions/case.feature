Feature: CASE with lists of values and with tests

  @source:cypher/expressions/conditional-expressions#case-simple
  Scenario: [1] Several values in a WHEN
    Given an empty graph
    When executing query:
      """
      UNWIND ['blue', 'brown', 'hazel', 'green', null] AS eyes
      RETURN CASE eyes WHEN 'blue' THEN 1 WHEN 'brown', 'hazel' THEN 2 ELSE 3 END AS x
      """
    Then the result should be, in order:
      | x |
      | 1 |
      | 2 |
      | 2 |
      | 3 |
      | 3 |
    And no side effects

  @source:cypher/expressions/conditional-expressions#case-extended-simple
  Scenario: [2] Tests of the subject
    Given an empty graph
    When executing query:
      """
      UNWIND [null, 'a', 0, 2, 13, 19, 29, 40, 1001] AS age
      RETURN CASE age
        WHEN IS NULL, IS NOT TYPED INTEGER | FLOAT THEN 'Unknown'
        WHEN = 0, = 1, = 2 THEN 'Baby'
        WHEN <= 13 THEN 'Child'
        WHEN < 20 THEN 'Teenager'
        WHEN < 30 THEN 'Young Adult'
        WHEN > 1000 THEN 'Immortal'
        ELSE 'Adult'
      END AS x
      """
    Then the result should be, in order:
      | x             |
      | 'Unknown'     |
      | 'Unknown'     |
      | 'Baby'        |
      | 'Baby'        |
      | 'Child'       |
      | 'Teenager'    |
      | 'Young Adult' |
      | 'Adult'       |
      | 'Immortal'    |
    And no side effects

  Scenario Outline: [3] Every test
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    @source:cypher/expressions/conditional-expressions#case-extended-simple
    Examples:
      | call | result |
      | CASE 'abc' WHEN STARTS WITH 'a' THEN 1 ELSE 2 END | 1 |
      | CASE 'abc' WHEN ENDS WITH 'a' THEN 1 ELSE 2 END | 2 |
      | CASE 'abc' WHEN =~ 'a.*' THEN 1 ELSE 2 END | 1 |
      | CASE 'abc' WHEN IS NORMALIZED THEN 1 ELSE 2 END | 1 |
      | CASE 5 WHEN <> 5 THEN 1 WHEN >= 5 THEN 2 END | 2 |
      | CASE 5 WHEN > 5 THEN 1 END | null |
      | CASE null WHEN > 5 THEN 1 ELSE 2 END | 2 |
      | CASE 5 WHEN 4, > 4 THEN 1 ELSE 2 END | 1 |
      | CASE 5 WHEN IS NOT NULL THEN 1 END | 1 |
      | CASE 5 WHEN IS TYPED STRING, IS TYPED INTEGER THEN 1 END | 1 |
      | CASE 2 + 3 WHEN > 2 + 2 THEN 1 ELSE 2 END | 1 |
      | CASE 5 WHEN > 3 THEN CASE 7 WHEN > 8 THEN 1 WHEN < 8 THEN 2 END END | 2 |
      | CASE 5 WHEN > CASE 1 WHEN < 2 THEN 4 END THEN 1 ELSE 2 END | 1 |
      | CASE -1 WHEN -1 THEN 1 ELSE 2 END | 1 |
      | [x IN [1, 5] \| CASE x WHEN > 3 THEN 'b' ELSE 's' END] | ['s', 'b'] |
      | CASE 1 WHEN < 2, 1/0 THEN 1 END | 1 |

  @source:definition
  Scenario: [4] The subject is computed once
    Given an empty graph
    When executing query:
      """
      UNWIND range(1, 500) AS i
      WITH CASE rand() WHEN < 0.25 THEN 1 WHEN >= 0.25, IS NULL THEN 2 ELSE 3 END AS x
      RETURN max(x) < 3 AS ok
      """
    Then the result should be, in any order:
      | ok   |
      | true |
    And no side effects

  @source:definition
  Scenario: [5] With aggregation, and as a key of groups
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 2, 3, 4] AS v
      RETURN CASE v WHEN > 2 THEN 'big' ELSE 'small' END AS size, CASE count(*) WHEN > 1 THEN 'many' ELSE 'one' END AS n
      ORDER BY CASE v WHEN > 2 THEN 'big' ELSE 'small' END
      """
    Then the result should be, in order:
      | size    | n      |
      | 'big'   | 'many' |
      | 'small' | 'many' |
    And no side effects

  @source:cypher/expressions/conditional-expressions
  Scenario Outline: [6] What has no meaning
    Given an empty graph
    When executing query:
      """
      WITH 1 AS a RETURN <case> AS x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

    Examples:
      | case                                      |
      | CASE WHEN a = 1, a = 2 THEN 1 END         |
      | CASE WHEN > 1 THEN 1 END                  |
      | CASE a WHEN 1, THEN 1 END                 |
      | CASE a WHEN + THEN 1 END                  |

  # Words that begin tests are names where nothing of a test follows.
  @source:definition
  Scenario: [7] Words of tests as names
    Given an empty graph
    When executing query:
      """
      WITH 1 AS is, 2 AS starts, 3 AS ends
      RETURN CASE 2 WHEN is THEN 'i' WHEN starts THEN 's' WHEN ends THEN 'e' END AS x
      """
    Then the result should be, in any order:
      | x   |
      | 's' |
    And no side effects
