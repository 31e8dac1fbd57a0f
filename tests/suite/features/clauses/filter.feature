@source:cypher/clauses/filter
Feature: FILTER - the rows for which a predicate is true

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (:P {name: 'a', age: 20}), (:P {name: 'b', age: 35}), (:P {name: 'c'})
      """

  Scenario Outline: [1] With and without WHERE
    When executing query:
      """
      MATCH (n:P) <filter> n.age > 30 RETURN n.name
      """
    Then the result should be, in any order:
      | n.name |
      | 'b'    |
    And no side effects

    Examples:
      | filter       |
      | FILTER       |
      | FILTER WHERE |

  Scenario: [2] Null is not true
    When executing query:
      """
      MATCH (n:P) FILTER NOT n.age > 30 RETURN n.name
      """
    Then the result should be, in any order:
      | n.name |
      | 'a'    |
    And no side effects

  Scenario: [3] After UNWIND and after LET
    When executing query:
      """
      UNWIND [1, 2, 3, 4] AS x FILTER x % 2 = 0 LET y = x * x FILTER y > 4 RETURN x, y
      """
    Then the result should be, in any order:
      | x | y  |
      | 4 | 16 |
    And no side effects

  Scenario: [4] After an aggregation
    When executing query:
      """
      UNWIND [1, 1, 2] AS x WITH x, count(*) AS n FILTER n > 1 RETURN x, n
      """
    Then the result should be, in any order:
      | x | n |
      | 1 | 2 |
    And no side effects

  Scenario: [5] A pattern is a predicate
    Given having executed:
      """
      MATCH (a:P {name: 'a'}), (b:P {name: 'b'}) CREATE (a)-[:KNOWS]->(b)
      """
    When executing query:
      """
      MATCH (n:P) FILTER (n)-[:KNOWS]->() RETURN n.name
      """
    Then the result should be, in any order:
      | n.name |
      | 'a'    |
    And no side effects

  Scenario: [6] What is no boolean
    When executing query:
      """
      MATCH (n:P) FILTER 1 RETURN n
      """
    Then a SyntaxError should be raised at compile time: InvalidArgumentType

  Scenario: [7] An unknown variable
    When executing query:
      """
      MATCH (n:P) FILTER m.age > 1 RETURN n
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  Scenario: [8] Nothing is aggregated
    When executing query:
      """
      MATCH (n:P) FILTER count(n) > 1 RETURN n
      """
    Then a SyntaxError should be raised at compile time: InvalidAggregation
