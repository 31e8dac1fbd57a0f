@source:gql/14.8-for-statement
Feature: FOR - a row for each item of a list

  Scenario: [1] The items in their order
    Given an empty graph
    When executing query:
      """
      FOR x IN [3, 1, 2] RETURN x
      """
    Then the result should be, in order:
      | x |
      | 3 |
      | 1 |
      | 2 |
    And no side effects

  Scenario: [2] OFFSET counts from 0
    Given an empty graph
    When executing query:
      """
      FOR x IN ['a', 'b'] WITH OFFSET i RETURN x, i
      """
    Then the result should be, in order:
      | x   | i |
      | 'a' | 0 |
      | 'b' | 1 |
    And no side effects

  Scenario: [3] ORDINALITY counts from 1
    Given an empty graph
    When executing query:
      """
      FOR x IN ['a', 'b'] WITH ORDINALITY i RETURN x, i
      """
    Then the result should be, in order:
      | x   | i |
      | 'a' | 1 |
      | 'b' | 2 |
    And no side effects

  Scenario Outline: [4] Of an empty list and of null come no rows
    Given an empty graph
    When executing query:
      """
      FOR x IN <list> <index> RETURN x
      """
    Then the result should be, in any order:
      | x |
    And no side effects

    Examples:
      | list | index              |
      | []   |                    |
      | []   | WITH OFFSET i      |
      | null |                    |
      | null | WITH ORDINALITY i  |

  Scenario: [5] For each row before it
    Given an empty graph
    When executing query:
      """
      UNWIND [[1, 2], [3]] AS list FOR x IN list WITH OFFSET i RETURN x, i
      """
    Then the result should be, in order:
      | x | i |
      | 1 | 0 |
      | 2 | 1 |
      | 3 | 0 |
    And no side effects

  Scenario: [6] A WITH may follow
    Given an empty graph
    When executing query:
      """
      FOR x IN [1, 2] WITH x + 1 AS y RETURN y
      """
    Then the result should be, in order:
      | y |
      | 2 |
      | 3 |
    And no side effects

  Scenario: [7] Rows to create by
    Given an empty graph
    When executing query:
      """
      FOR x IN [1, 2] INSERT (:N {x: x})
      """
    Then the result should be empty
    And the side effects should be:
      | +nodes      | 2 |
      | +labels     | 1 |
      | +properties | 2 |

  Scenario: [8] What is no list has no places
    Given an empty graph
    When executing query:
      """
      FOR x IN 5 WITH OFFSET i RETURN x, i
      """
    Then a SyntaxError should be raised at compile time: InvalidArgumentType

  Scenario: [9] A variable is not bound again
    Given an empty graph
    When executing query:
      """
      WITH 1 AS x FOR x IN [1] RETURN x
      """
    Then a SyntaxError should be raised at compile time: VariableAlreadyBound

  Scenario: [10] Item and index have different names
    Given an empty graph
    When executing query:
      """
      FOR x IN [1] WITH OFFSET x RETURN x
      """
    Then a SyntaxError should be raised at compile time: VariableAlreadyBound

  @source:cypher/clauses/for
  Scenario: [11] It is UNWIND: nulls are items, and what is no list is one
    Given an empty graph
    When executing query:
      """
      FOR x IN [1, null] FOR y IN 5 RETURN x, y
      """
    Then the result should be, in order:
      | x    | y |
      | 1    | 5 |
      | null | 5 |
    And no side effects
