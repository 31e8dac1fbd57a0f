Feature: WHERE inside a pattern

  @source:cypher/patterns/reference/node-and-relationship-patterns#node-patterns-rules-predicates
  Scenario: [1] Of a node
    Given an empty graph
    And having executed:
      """
      CREATE (:A {v: 1}), (:A {v: 2}), (:B {v: 3})
      """
    When executing query:
      """
      MATCH (n:A WHERE n.v > 1) RETURN n.v
      """
    Then the result should be, in any order:
      | n.v |
      | 2   |
    And no side effects

  @source:cypher/patterns/reference/node-and-relationship-patterns#relationship-patterns-rules-predicates
  Scenario: [2] Of a relationship
    Given an empty graph
    And having executed:
      """
      CREATE (a)-[:R {w: 1}]->(b)-[:R {w: 50}]->(c)-[:R {w: 200}]->(d)
      """
    When executing query:
      """
      MATCH ()-[r WHERE 10 < r.w < 100]->() RETURN r.w
      """
    Then the result should be, in any order:
      | r.w |
      | 50  |
    And no side effects

  @source:cypher/patterns/reference/node-and-relationship-patterns#property-key-value-expressions-examples
  Scenario: [3] Beside a map of properties
    Given an empty graph
    And having executed:
      """
      CREATE ({p: 10, q: 1}), ({p: 10, q: 200}), ({p: 11, q: 300})
      """
    When executing query:
      """
      MATCH (n {p: 10} WHERE n.q > 100) RETURN n.q
      """
    Then the result should be, in any order:
      | n.q |
      | 200 |
    And no side effects

  @source:cypher/patterns/reference/path-patterns-and-graph-patterns#path-patterns
  Scenario: [4] A relationship's predicate sees the node beside it
    Given an empty graph
    And having executed:
      """
      CREATE (a {p: 1})<-[:X {p: 1}]-(b {p: 2})<-[:X {p: 1}]-()
      """
    When executing query:
      """
      MATCH (a)<-[s:X WHERE a.p = s.p]-(b) RETURN a.p, b.p
      """
    Then the result should be, in any order:
      | a.p | b.p |
      | 1   | 2   |
    And no side effects

  @source:cypher/patterns/reference/node-and-relationship-patterns#node-patterns-rules-predicates
  Scenario: [5] An unknown variable
    Given an empty graph
    When executing query:
      """
      MATCH (n WHERE m.v > 1) RETURN n
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable
