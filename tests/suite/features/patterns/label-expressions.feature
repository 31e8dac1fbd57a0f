@source:cypher/patterns/reference/node-and-relationship-patterns#label-expressions
Feature: Label expressions

  Scenario Outline: [1] The table of the manual
    Given an empty graph
    And having executed:
      """
      CREATE ({n: 0}), (:A {n: 1}), (:B {n: 2}), (:C {n: 3}), (:A:B {n: 4}), (:A:C {n: 5}), (:B:C {n: 6}), (:A:B:C {n: 7})
      """
    When executing query:
      """
      MATCH (x<labels>) RETURN collect(x.n) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | labels         | found                    |
      |                | [0, 1, 2, 3, 4, 5, 6, 7] |
      | :A             | [1, 4, 5, 7]             |
      | :A&B           | [4, 7]                   |
      | :A:B           | [4, 7]                   |
      | :A\|B          | [1, 2, 4, 5, 6, 7]       |
      | :!A            | [0, 2, 3, 6]             |
      | :!!A           | [1, 4, 5, 7]             |
      | :A&!A          | []                       |
      | :A\|!A         | [0, 1, 2, 3, 4, 5, 6, 7] |
      | :%             | [1, 2, 3, 4, 5, 6, 7]    |
      | :!%            | [0]                      |
      | :%\|!%         | [0, 1, 2, 3, 4, 5, 6, 7] |
      | :%&!%          | []                       |
      | :A&%           | [1, 4, 5, 7]             |
      | :A\|%          | [1, 2, 3, 4, 5, 6, 7]    |
      | :(A&B)&!(B&C)  | [4]                      |
      | :!A&%          | [2, 3, 6]                |
      | :A\|B&C        | [1, 4, 5, 6, 7]          |
      | :!(A\|B)       | [0, 3]                   |

  Scenario Outline: [2] The same as a predicate
    Given an empty graph
    And having executed:
      """
      CREATE ({n: 0}), (:A {n: 1}), (:B {n: 2}), (:A:B {n: 3})
      """
    When executing query:
      """
      MATCH (x) WHERE x<labels> RETURN collect(x.n) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | labels  | found     |
      | :A&B    | [3]       |
      | :A\|B   | [1, 2, 3] |
      | :!A     | [0, 2]    |
      | :%      | [1, 2, 3] |

  Scenario Outline: [3] Types of relationships
    Given an empty graph
    And having executed:
      """
      CREATE (a)-[:R {n: 1}]->(b)-[:S {n: 2}]->(c)-[:T {n: 3}]->(d)
      """
    When executing query:
      """
      MATCH ()-[r<types>]->() RETURN collect(r.n) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | types    | found     |
      | :R\|S    | [1, 2]    |
      | :!R      | [2, 3]    |
      | :!R&!S   | [3]       |
      | :R&S     | []        |
      | :%       | [1, 2, 3] |
      | :!(R\|S) | [3]       |
