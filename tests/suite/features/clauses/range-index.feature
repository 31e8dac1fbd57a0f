@source:definition
# An index changes how rows are found, never which: every expectation follows from the predicate alone.
Feature: Ordered indexes - ranges and prefixes of an indexed property

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE RANGE INDEX by_v IF NOT EXISTS FOR (n:P) ON (n.v)
      """
    And having executed:
      """
      CREATE (:P {id: 1, v: 3}), (:P {id: 2, v: 3.5}), (:P {id: 3, v: 'b'}), (:P {id: 4, v: 'ba'}), (:P {id: 5, v: 'c'}),
             (:P {id: 6}), (:P {id: 7, v: true}), (:P {id: 8, v: date('2024-02-29')}), (:P {id: 9, v: [1, 2]}),
             (:P {id: 10, v: 0.0 / 0.0}), (:P {id: 11, v: -7}), (:Q {id: 12, v: 3})
      """

  Scenario Outline: [1] <predicate>
    When executing query:
      """
      MATCH (n:P) WHERE <predicate> RETURN collect(n.id) AS ids
      """
    Then the result should be (ignoring element order for lists):
      | ids   |
      | <ids> |
    And no side effects

    Examples:
      | predicate                         | ids         |
      | n.v > 3                           | [2]         |
      | n.v >= 3                          | [1, 2]      |
      | n.v < 3.5                         | [1, 11]     |
      | n.v <= 3.5                        | [1, 2, 11]  |
      | 3 <= n.v                          | [1, 2]      |
      | -7 <= n.v < 3                     | [11]        |
      | n.v > 3 AND n.v < 3               | []          |
      | n.v > 'b'                         | [4, 5]      |
      | n.v STARTS WITH 'b'               | [3, 4]      |
      | n.v STARTS WITH ''                | [3, 4, 5]   |
      | n.v STARTS WITH 'b' AND n.v > 'b' | [4]         |
      | n.v > null                        | []          |
      | n.v STARTS WITH null              | []          |
      | n.v STARTS WITH 'zz'              | []          |
      | n.v > false                       | [7]         |
      | n.v >= date('2024-02-29')         | [8]         |
      | n.v < date('2024-02-29')          | []          |
      | n.v >= [1]                        | [9]         |
      | n.v > 0.0 / 0.0                   | []          |
      | n.v < 0.0 / 0.0                   | []          |
      | n.v > 3 OR n.v = 'c'              | [2, 5]      |

  Scenario: [2] A value that changes leaves its old range and is found in the new one
    Given having executed:
      """
      MATCH (n:P {id: 1}) SET n.v = 100
      """
    And having executed:
      """
      MATCH (n:P {id: 2}) REMOVE n.v
      """
    When executing query:
      """
      MATCH (n:P) WHERE n.v > 0 RETURN n.id, n.v
      """
    Then the result should be, in any order:
      | n.id | n.v |
      | 1    | 100 |
    And no side effects

  Scenario: [3] A statement finds what it wrote
    When executing query:
      """
      CREATE (:P {id: 20, v: 1000})
      WITH 1 AS one
      MATCH (n:P) WHERE n.v > 500 RETURN n.id
      """
    Then the result should be, in any order:
      | n.id |
      | 20   |
    And the side effects should be:
      | +nodes      | 1 |
      | +properties | 2 |

  Scenario: [4] Bounds from the row before
    When executing query:
      """
      UNWIND [[-10, 0], [3, 4], [null, 9], ['b', 'bb']] AS b
      MATCH (n:P) WHERE b[0] <= n.v AND n.v <= b[1]
      RETURN b[0] AS least, collect(n.id) AS ids
      """
    Then the result should be (ignoring element order for lists):
      | least | ids    |
      | -10   | [11]   |
      | 3     | [1, 2] |
      | 'b'   | [3, 4] |
    And no side effects

  Scenario: [5] A predicate that fails still fails, but only where there is a row
    When executing query:
      """
      MATCH (n:P) WHERE n.v > 1 / 0 RETURN n
      """
    Then a ArithmeticError should be raised at runtime: DivisionByZero
