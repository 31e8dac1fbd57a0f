@source:cypher/subqueries/call-subquery
Feature: CALL { } - a query for each row

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:P {name: 'a'})-[:KNOWS]->(b:P {name: 'b'})-[:KNOWS]->(c:P {name: 'c'}), (a)-[:KNOWS]->(c)
      """

  Scenario: [1] Variables come in by the scope clause
    When executing query:
      """
      MATCH (p:P) CALL (p) { MATCH (p)-[:KNOWS]->(q) RETURN count(q) AS n } RETURN p.name, n
      """
    Then the result should be, in any order:
      | p.name | n |
      | 'a'    | 2 |
      | 'b'    | 1 |
      | 'c'    | 0 |
    And no side effects

  Scenario: [2] All variables come in by a star
    When executing query:
      """
      MATCH (p:P) WITH p, 10 AS k CALL (*) { MATCH (p)-[:KNOWS]->(q) WITH count(q) AS c RETURN c * k AS n } RETURN p.name, n
      """
    Then the result should be, in any order:
      | p.name | n  |
      | 'a'    | 20 |
      | 'b'    | 10 |
      | 'c'    | 0  |
    And no side effects

  Scenario: [3] None comes in by an empty scope clause
    When executing query:
      """
      MATCH (p:P) CALL () { RETURN p.name AS x } RETURN x
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  @source:cypher/subqueries/call-subquery#importing-with
  Scenario: [4] Variables come in by a WITH
    When executing query:
      """
      MATCH (p:P) CALL { WITH p MATCH (p)-[:KNOWS]->(q) RETURN q.name AS q } RETURN p.name, q
      """
    Then the result should be, in any order:
      | p.name | q   |
      | 'a'    | 'b' |
      | 'a'    | 'c' |
      | 'b'    | 'c' |
    And no side effects

  Scenario: [5] A row without inner rows goes
    When executing query:
      """
      MATCH (p:P) CALL (p) { MATCH (p)-[:KNOWS]->(q) RETURN q LIMIT 1 } RETURN p.name
      """
    Then the result should be, in any order:
      | p.name |
      | 'a'    |
      | 'b'    |
    And no side effects

  @source:cypher/subqueries/call-subquery#optional-call
  Scenario: [6] With OPTIONAL it stays, with nulls
    When executing query:
      """
      MATCH (p:P) OPTIONAL CALL (p) { MATCH (p)-[:KNOWS]->(q) RETURN q.name AS q ORDER BY q LIMIT 1 } RETURN p.name, q
      """
    Then the result should be, in any order:
      | p.name | q    |
      | 'a'    | 'b'  |
      | 'b'    | 'c'  |
      | 'c'    | null |
    And no side effects

  @source:cypher/subqueries/call-subquery#optional-call
  Scenario: [7] OPTIONAL makes the column null, not the variable it was made of
    When executing query:
      """
      MATCH (p:P) OPTIONAL CALL (p) { MATCH (p)-[:KNOWS]->() RETURN DISTINCT p AS q } RETURN p.name, q.name
      """
    Then the result should be, in any order:
      | p.name | q.name |
      | 'a'    | 'a'    |
      | 'b'    | 'b'    |
      | 'c'    | null   |
    And no side effects

  @source:cypher/subqueries/call-subquery#call-post-union
  Scenario: [8] UNION inside
    When executing query:
      """
      MATCH (p:P {name: 'b'})
      CALL (p) { MATCH (p)-[:KNOWS]->(q) RETURN q UNION MATCH (p)<-[:KNOWS]-(q) RETURN q }
      RETURN q.name
      """
    Then the result should be, in any order:
      | q.name |
      | 'c'    |
      | 'a'    |
    And no side effects

  Scenario: [9] A query without RETURN changes the graph and keeps the rows
    When executing query:
      """
      MATCH (p:P) CALL (p) { UNWIND [1, 2] AS i CREATE (:Log {of: p.name}) } RETURN p.name
      """
    Then the result should be, in any order:
      | p.name |
      | 'a'    |
      | 'b'    |
      | 'c'    |
    And the side effects should be:
      | +nodes      | 6 |
      | +labels     | 1 |
      | +properties | 6 |

  Scenario: [10] Each row sees what the rows before it changed
    When executing query:
      """
      UNWIND [1, 2, 3] AS i CALL (i) { MERGE (c:Counter) SET c.n = coalesce(c.n, 0) + i RETURN c.n AS n } RETURN i, n
      """
    Then the result should be, in order:
      | i | n |
      | 1 | 1 |
      | 2 | 3 |
      | 3 | 6 |
    And the side effects should be:
      | +nodes      | 1 |
      | +labels     | 1 |
      | +properties | 1 |

  Scenario: [11] A column with the name of an outer variable
    When executing query:
      """
      MATCH (p:P) CALL (p) { RETURN 1 AS p } RETURN p
      """
    Then a SyntaxError should be raised at compile time: VariableAlreadyBound

  Scenario: [12] A subquery inside a subquery
    When executing query:
      """
      UNWIND [1, 2] AS a CALL (a) { CALL (a) { RETURN a * 10 AS b } RETURN b + 1 AS c } RETURN a, c
      """
    Then the result should be, in any order:
      | a | c  |
      | 1 | 11 |
      | 2 | 21 |
    And no side effects

  Scenario: [13] An unknown variable in the scope clause
    When executing query:
      """
      MATCH (p:P) CALL (q) { RETURN 1 AS x } RETURN x
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  Scenario: [14] A reading query without RETURN
    When executing query:
      """
      MATCH (p:P) CALL (p) { MATCH (p)-->(q) } RETURN p
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

  # What is imported by the scope clause is the same for all rows of one run.
  @source:definition
  Scenario: [15] An imported variable beside an aggregating function
    When executing query:
      """
      MATCH (p:P) WITH p, 10 AS k
      CALL (p, k) { MATCH (p)-[:KNOWS]->(q) RETURN count(q) * k AS n, count(q) + size(p.name) AS m }
      RETURN p.name, n, m
      """
    Then the result should be, in any order:
      | p.name | n  | m |
      | 'a'    | 20 | 3 |
      | 'b'    | 10 | 2 |
      | 'c'    | 0  | 1 |
    And no side effects

  @source:definition
  Scenario: [16] The same in COLLECT and in WITH
    When executing query:
      """
      MATCH (p:P {name: 'a'}) WITH p, 10 AS k
      CALL (*) { MATCH (p)-[:KNOWS]->(q) WITH count(q) * k + COUNT { (p)-->() } AS n RETURN n }
      RETURN n, COLLECT { MATCH (p)-[:KNOWS]->(q) RETURN count(q) * k } AS l
      """
    Then the result should be, in any order:
      | n  | l    |
      | 22 | [20] |
    And no side effects

  @source:cypher/functions/aggregating#grouping-keys
  Scenario: [17] Another variable beside an aggregating function is ambiguous
    When executing query:
      """
      MATCH (p:P) CALL (p) { MATCH (p)-[:KNOWS]->(q) RETURN count(q) + q.x AS n } RETURN n
      """
    Then a SyntaxError should be raised at compile time: AmbiguousAggregationExpression

  @source:cypher/functions/aggregating#grouping-keys
  Scenario: [18] What a WITH imports is a column like others
    When executing query:
      """
      MATCH (p:P) WITH p, 10 AS k CALL { WITH p, k MATCH (p)-[:KNOWS]->(q) RETURN count(q) * k AS n } RETURN n
      """
    Then a SyntaxError should be raised at compile time: AmbiguousAggregationExpression

  # A statement is one transaction.
  @source:kgql/transactions
  Scenario: [19] IN TRANSACTIONS
    When executing query:
      """
      MATCH (p:P) CALL (p) { SET p.x = 1 } IN TRANSACTIONS OF 10 ROWS
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax
