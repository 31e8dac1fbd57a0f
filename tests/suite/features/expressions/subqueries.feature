Feature: COUNT { }, COLLECT { }, EXISTS { }

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:P {name: 'a'})-[:KNOWS {since: 1}]->(b:P {name: 'b'})-[:KNOWS {since: 2}]->(c:P {name: 'c'}), (a)-[:KNOWS {since: 3}]->(c)
      """

  @source:cypher/subqueries/count
  Scenario: [1] COUNT of a pattern
    When executing query:
      """
      MATCH (p:P) RETURN p.name, COUNT { (p)-[:KNOWS]->() } AS n
      """
    Then the result should be, in any order:
      | p.name | n |
      | 'a'    | 2 |
      | 'b'    | 1 |
      | 'c'    | 0 |
    And no side effects

  @source:cypher/subqueries/count
  Scenario: [2] COUNT with WHERE, as a predicate and as a sort key
    When executing query:
      """
      MATCH (p:P) WHERE COUNT { (p)-[k:KNOWS]->() WHERE k.since > 1 } = 1
      RETURN p.name ORDER BY COUNT { (p)<-[:KNOWS]-() } DESC
      """
    Then the result should be, in order:
      | p.name |
      | 'b'    |
      | 'a'    |
    And no side effects

  @source:cypher/subqueries/count
  Scenario: [3] COUNT of a query with UNION
    When executing query:
      """
      MATCH (p:P {name: 'b'})
      RETURN COUNT { MATCH (p)-[:KNOWS]->(x) RETURN x UNION MATCH (p)<-[:KNOWS]-(x) RETURN x } AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
    And no side effects

  @source:cypher/subqueries/collect
  Scenario: [4] COLLECT gives the rows as a list
    When executing query:
      """
      MATCH (p:P) RETURN p.name, COLLECT { MATCH (p)-[k:KNOWS]->(q) RETURN q.name ORDER BY k.since DESC } AS friends
      """
    Then the result should be, in any order:
      | p.name | friends    |
      | 'a'    | ['c', 'b'] |
      | 'b'    | ['c']      |
      | 'c'    | []         |
    And no side effects

  @source:cypher/subqueries/collect#collect-differentiation
  Scenario: [5] COLLECT keeps nulls, the function does not
    When executing query:
      """
      RETURN COLLECT { UNWIND [1, null, 2] AS x RETURN x } AS a, size(COLLECT { UNWIND [null] AS x RETURN x }) AS b
      """
    Then the result should be, in any order:
      | a            | b |
      | [1, null, 2] | 1 |
    And no side effects

  @source:cypher/subqueries/collect
  Scenario: [6] COLLECT needs exactly one column
    When executing query:
      """
      MATCH (p:P) RETURN COLLECT { MATCH (p)-->(q) RETURN p, q } AS x
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

  @source:cypher/subqueries/collect
  Scenario: [7] COLLECT needs a RETURN
    When executing query:
      """
      MATCH (p:P) RETURN COLLECT { (p)-->() } AS x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  @source:cypher/subqueries/existential
  Scenario: [8] EXISTS may be nested
    When executing query:
      """
      MATCH (p:P) WHERE EXISTS { (p)-[:KNOWS]->(q) WHERE EXISTS { (q)-[:KNOWS]->() } } RETURN p.name
      """
    Then the result should be, in any order:
      | p.name |
      | 'a'    |
    And no side effects

  @source:cypher/subqueries/existential
  Scenario Outline: [9] They only read
    When executing query:
      """
      MATCH (p:P) RETURN <word> { CREATE (q) RETURN q } AS x
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

    Examples:
      | word    |
      | EXISTS  |
      | COUNT   |
      | COLLECT |

  @source:cypher/subqueries/count
  Scenario: [10] The new clauses stand inside
    When executing query:
      """
      MATCH (p:P {name: 'a'}) RETURN COLLECT { FOR x IN [1, 2, 3] LET y = x * 2 FILTER y > 2 RETURN y } AS ys, COUNT { MATCH (p)-->(q) FILTER q.name = 'c' } AS n
      """
    Then the result should be, in any order:
      | ys     | n |
      | [4, 6] | 1 |
    And no side effects

  @source:cypher/clauses/finish
  Scenario: [11] FINISH does not
    When executing query:
      """
      RETURN COUNT { MATCH (n) FINISH } AS n
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition
